"""Every text of the page, in English and Chinese. The page's scripts get the same table as JSON.

Sentences of `UserError` come from the core and are English; `texts_errors` has them in Chinese.
"""

from __future__ import annotations

from dataclasses import fields

from aegan.config import ModelConfig, Objective, TrainConfig
from aegan.ui.texts_after import AFTER_TEXTS
from aegan.ui.texts_choose import CHOOSE_TEXTS
from aegan.ui.texts_coach import COACH_TEXTS
from aegan.ui.texts_compare import COMPARE_TEXTS
from aegan.ui.texts_explore import EXPLORE_TEXTS
from aegan.ui.texts_map import MAP_TEXTS
from aegan.ui.texts_nearest import NEAREST_TEXTS
from aegan.ui.texts_reconstruct import RECONSTRUCT_TEXTS
from aegan.ui.texts_shelf import SHELF_TEXTS
from aegan.ui.texts_train import TRAIN_TEXTS

LANGUAGES = {"en": "English", "zh": "中文"}

#: key -> (English, Chinese). `{name}` stands for a value that the page fills in.
TEXTS: dict[str, tuple[str, str]] = {
    # header
    "tagline": ("How an autoencoder makes a GAN better", "自编码器如何让 GAN 变得更好"),
    "model": ("Model", "模型"),
    "model_help": ("Trained models that came with this page.", "随本页提供的已训练模型。"),
    "language": ("Language", "语言"),
    "theme_switch": ("Switch between light and dark", "切换浅色/深色"),
    "on_server": ("drawn on the server ({device})", "由服务器绘制（{device}）"),
    "in_page": ("drawn in your browser", "在您的浏览器中绘制"),
    "milliseconds": ("{ms} ms", "{ms} 毫秒"),
    "no_model": (
        "There is no trained model here yet. Train one below, or with: python -m aegan train --preset fashion",
        "这里还没有训练好的模型。可在“训练”页训练，或运行：python -m aegan train --preset fashion",
    ),
    "fd_help": (
        "Fréchet distance in the features of {extractor}, {generated_count} samples to {test_count} images ({split});"
        " of as many training images: {floor}. Small is good. It is not FID.",
        "在 {extractor} 的特征中，{generated_count} 个样本到 {test_count} 张图像（{split}）的弗雷歇距离；"
        "同样多的训练图像为 {floor}。越小越好。它不是 FID。",
    ),
    "offline": ("The server does not answer. Trying again …", "服务器没有响应，正在重试……"),
    "pixels_size": ("{size} px", "{size} 像素"),
    # train
    "tab_train": ("Train", "训练"),
    "data": ("Data", "数据"),
    "data_help": ("What is to be learnt.", "要学习的内容。"),
    "preset": ("Objective", "目标"),
    "preset_help": (
        "A row of the mixing desk: which terms are learnt from, and how strongly.",
        "调音台的一行：学习哪些项，各占多大权重。",
    ),
    "knobs": ("Weights and options", "权重与选项"),
    "weights": ("Weights of the terms", "各项权重"),
    "options": ("Training options", "训练选项"),
    "start": ("Start", "开始"),
    "pause": ("Pause", "暂停"),
    "resume": ("Resume", "继续"),
    "stop": ("Stop", "停止"),
    "step_d": ("Step D", "D 走一步"),
    "step_g": ("Step G", "G 走一步"),
    "status_idle": (
        "Ready. Press Start: the first pictures appear in a few seconds.",
        "就绪。按“开始”，几秒后出现第一批图像。",
    ),
    "status_queued": ("Waiting for a free place: number {position} in line", "等待空位：队列中第 {position} 位"),
    "status_waiting": ("Getting the data ready …", "正在准备数据……"),
    "status_running": ("Training", "训练中"),
    "status_paused": ("Paused", "已暂停"),
    "status_finished": ("Finished", "已完成"),
    "status_stopped": ("Stopped", "已停止"),
    "status_failed": ("Failed", "失败"),
    "status_interrupted": ("Interrupted: press Resume to go on", "已中断：按“继续”接着训练"),
    "status_gone": (
        "The run that this browser started is no longer on the server: start a new one.",
        "本浏览器启动的训练已不在服务器上：请重新开始。",
    ),
    "status_replay": ("Recorded training of the model “{model}”", "模型“{model}”的训练记录"),
    "steps_done": ("step {step} of {steps}", "第 {step} / {steps} 步"),
    "images_per_second": ("{speed} images/s", "每秒 {speed} 张"),
    "seconds_left": ("{left} left", "还剩 {left}"),
    "seconds_spent": ("{seconds} s", "{seconds} 秒"),
    "generated": ("Generated", "生成"),
    "generated_help": (
        "The same random points at every moment of the training, drawn by the averaged generator.",
        "训练全程使用同一批随机点，由平均后的生成器画出。",
    ),
    "points_help": (
        "Real points in green, generated ones in orange, always from the same random numbers.",
        "绿色为真实点，橙色为生成点，始终来自同一批随机数。",
    ),
    "reconstructions": ("Reconstructions", "重建"),
    "reconstructions_help": (
        "Test images that were never trained on, each above its reconstruction.",
        "未参与训练的测试图像，下方是各自的重建。",
    ),
    "reconstructed_points_help": (
        "Test points in green and their reconstructions in blue.",
        "绿色为测试点，蓝色为其重建。",
    ),
    "no_encoder": ("This objective has no encoder, so nothing is reconstructed.", "该目标没有编码器，因此没有重建。"),
    "losses": ("Losses", "损失"),
    "losses_help": (
        "Each line has the colour of the network that learns from it. Averages between two records.",
        "每条线的颜色代表由它学习的网络；数值为两次记录之间的平均。",
    ),
    "scores": ("D's opinion", "判别器的看法"),
    "scores_help": (
        "How real the discriminator finds real and generated images. Close together: it cannot tell them apart.",
        "判别器认为真实图像和生成图像有多真。两线靠近表示它分不清。",
    ),
    "no_scores": ("No discriminator is learning at the moment.", "此刻没有判别器在学习。"),
    "nothing_yet": ("Nothing yet", "暂无"),
    "replay": ("Replay", "回放"),
    "replay_help": (
        "Watch again how the chosen model was trained.",
        "再看一遍所选模型是怎样训练出来的。",
    ),
    "replay_at": ("step {step}", "第 {step} 步"),
    # terms of the chart
    "line.rec": ("reconstruction", "重建"),
    "line.kl": ("KL", "KL"),
    "line.cycle": ("latent cycle", "隐空间循环"),
    "line.rec_fake": ("reconstruction of generated", "生成图像的重建"),
    "line.adv_g": ("G against D", "G 对 D"),
    "line.adv_rec_g": ("G against D, reconstructed", "G 对 D（重建）"),
    "line.adv_z": ("E against Dz", "E 对 Dz"),
    "line.d": ("discriminator", "判别器"),
    "line.dz": ("latent discriminator", "隐空间判别器"),
    "line.real": ("real images", "真实图像"),
    "line.fake": ("generated images", "生成图像"),
}

#: Option of the configuration -> its Chinese help; the English one is the option's own.
CHINESE_HELP: dict[str, str] = {
    "rec": "重建 |x − G(E(x))|",
    "adv": "对抗项，作用于 G(z)",
    "adv_rec": "对抗项，作用于 G(E(x))",
    "adv_z": "隐空间判别器：E(x) 对 N(0, I)",
    "cycle": "隐空间循环 |z − E(G(z))|²",
    "rec_fake": "生成图像的重建 |G(z) − dec(E(G(z)))|²",
    "kl": "KL(E(x) ‖ N(0, I))，按 x 的维数平均；使 E 随机化",
    "gamma": "对 D 的零中心梯度惩罚 R1 与 R2",
    "rec_kind": "如何比较重建；mse-l1：预热的前一半用 mse，之后用 l1",
    "adv_kind": "对抗损失的种类",
    "steps": "训练步数",
    "batch_size": "每步的图像数",
    "lr": "E 和 G 的学习率",
    "lr_d": "D 和隐空间判别器的学习率",
    "warmup_steps": "对抗项加入之前，只训练自编码器的步数",
    "width": "全分辨率处的通道数；全连接层的单元数为其 8 倍",
    "z_dim": "隐向量的维数",
    "seed": "固定所有随机选择",
}

#: Named direction (see `aegan.attributes`) -> its name, what - and what + of it are called.
DIRECTIONS: dict[str, tuple[tuple[str, str], tuple[str, str], tuple[str, str]]] = {
    "slant": (("Slant", "倾斜"), ("left", "向左"), ("right", "向右")),
    "thickness": (("Stroke", "笔画"), ("thin", "细"), ("thick", "粗")),
    "width": (("Width", "宽度"), ("narrow", "窄"), ("wide", "宽")),
    "brightness": (("Brightness", "亮度"), ("dark", "暗"), ("bright", "亮")),
    "sleeves": (("Sleeves", "袖长"), ("short", "短"), ("long", "长")),
    "shoe-height": (("Shoe height", "鞋高"), ("low", "低"), ("high", "高")),
    "hair-colour": (("Hair colour", "发色"), ("dark", "深"), ("light", "浅")),
    "hair-length": (("Hair length", "头发长度"), ("short", "短"), ("long", "长")),
    "bun": (("Bun", "发髻"), ("no", "无"), ("yes", "有")),
    "spikes": (("Spiky hair", "刺猬头"), ("no", "否"), ("yes", "是")),
    "beard": (("Beard", "胡须"), ("no", "无"), ("yes", "有")),
    "skin": (("Skin", "肤色"), ("dark", "深"), ("light", "浅")),
    "mouth": (("Mouth", "嘴"), ("closed", "闭"), ("open", "张")),
    "mood": (("Mood", "情绪"), ("sad", "悲伤"), ("happy", "高兴")),
    "eyes": (("Eyes", "眼睛"), ("closed", "闭"), ("open", "睁")),
    "clothes": (("Clothes", "衣服"), ("dark", "深"), ("light", "浅")),
    "background": (("Background", "背景"), ("cool", "冷色"), ("warm", "暖色")),
}

TEXTS |= {
    f"direction.{name}{end}": text
    for name, texts in DIRECTIONS.items()
    for end, text in zip(("", ".low", ".high"), texts, strict=True)
}


def _options_help() -> dict[str, str]:
    kinds = (ModelConfig, Objective, TrainConfig)
    return {f.name: f.metadata["help"] for kind in kinds for f in fields(kind)}


TEXTS |= AFTER_TEXTS | EXPLORE_TEXTS | RECONSTRUCT_TEXTS | COMPARE_TEXTS | MAP_TEXTS | NEAREST_TEXTS | SHELF_TEXTS
TEXTS |= CHOOSE_TEXTS | TRAIN_TEXTS | COACH_TEXTS
TEXTS |= {f"help.{name}": (_options_help()[name], chinese) for name, chinese in CHINESE_HELP.items()}


def say(key: str) -> str:
    """The English text: what the page is built with, before its scripts put in the visitor's language."""
    return TEXTS[key][0]


def tables() -> dict[str, dict[str, str]]:
    """Language -> key -> text."""
    return {language: {key: text[i] for key, text in TEXTS.items()} for i, language in enumerate(LANGUAGES)}
