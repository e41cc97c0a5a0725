"""Texts of the training tab's choices: data, own images, recipes, knobs, the estimate, links. Joined in texts.py."""

from __future__ import annotations

from dataclasses import fields

from aegan.config import ModelConfig, Objective, TrainConfig

_ENGLISH = {f.name: f.metadata["help"] for kind in (ModelConfig, Objective, TrainConfig) for f in fields(kind)}
_CHINESE = {
    "gp_every": "每隔多少步计算一次惩罚",
    "spectral_norm": "限制 D 各层的利普希茨常数",
    "flip": "随机左右翻转图像",
    "shift": "随机平移图像，最多这么多像素",
    "d_translate": "平移 D 所见的图像，最多为其宽度的这一比例",
    "d_cutout": "在 D 所见的图像中遮去边长为此比例的方块",
}

CHOOSE_TEXTS: dict[str, tuple[str, str]] = {
    "choosing": ("What to train", "训练什么"),
    "start_help": ("Begins a run with this choice.", "按此选择开始训练。"),
    "knobs_reset": ("Back to the recipe", "恢复配方"),
    "knobs_reset_help": ("All weights and options as the recipe has them.", "所有权重与选项恢复为配方的值。"),
    # one's own images
    "own_images": ("Your own images", "您自己的图像"),
    "own_zip": ("Choose a zip", "选择 zip"),
    "own_zip_help": ("A zip file of pictures; you can drop it here, too.", "图片的 zip 文件；也可拖到这里。"),
    "own_files": ("Choose pictures", "选择图片"),
    "own_files_help": (
        "Many picture files at once; large ones are made smaller in your browser.",
        "一次选择多张图片；大图会先在浏览器中缩小。",
    ),
    "own_limits": (
        "From {least} to {images} pictures, {megabytes} MB together. They are kept for your run only, for a day at"
        " most, and nobody else sees them.",
        "{least} 至 {images} 张图片，合计 {megabytes} MB。仅为您的训练保留，最长一天，他人看不到。",
    ),
    "own_first": ("Choose your images first.", "请先选择您的图像。"),
    "own_shrinking": ("Making picture {done} of {of} small …", "正在缩小第 {done} / {of} 张……"),
    "own_reading": ("Reading and checking the pictures …", "正在读取并检查图片……"),
    "own_too_large": (
        "These pictures are more than {megabytes} MB, even made small: choose fewer.",
        "这些图片即使缩小后也超过 {megabytes} MB：请少选一些。",
    ),
    "own_zip_large": (
        "This file is larger than {megabytes} MB: unpack it and choose the pictures themselves, which your browser then"
        " makes smaller.",
        "该文件大于 {megabytes} MB：请解压后直接选择图片，浏览器会将其缩小。",
    ),
    "own_sheet": ("Some of your images, as the model will see them", "您的部分图像（模型所见）"),
    "own_count": ("{train} images to train on, {test} to test with", "{train} 张用于训练，{test} 张用于测试"),
    "own_shape": ("As", "形式"),
    "own_shape_help": ("Size and colours that the images are fitted to.", "图像要适配的大小与颜色。"),
    "shape_28_1": ("28 pixels, grey", "28 像素，灰度"),
    "shape_28_3": ("28 pixels, colour", "28 像素，彩色"),
    "shape_32_3": ("32 pixels, colour", "32 像素，彩色"),
    "shape_64_1": ("64 pixels, grey", "64 像素，灰度"),
    "shape_64_3": ("64 pixels, colour", "64 像素，彩色"),
    "skipped.other": ("Files that are no pictures: {count}", "{count} 个文件不是图片"),
    "skipped.archive": ("Archives inside, not opened: {count}", "{count} 个内层压缩包未打开"),
    "skipped.unreadable": (
        "Pictures that cannot be read: {count}. The first: {example}",
        "{count} 张图片无法读取。第一张：{example}",
    ),
    "skipped.bomb": ("Files that grow too much when unpacked: {count}", "{count} 个文件解压后过大"),
    "skipped.twice": ("Left out, because they come twice: {count}", "{count} 张重复，已略去"),
    "skipped.beyond": ("Left out, beyond the limit: {count}", "{count} 张超出上限，已略去"),
    "own_flat": ("Of nearly one colour: {count}", "{count} 张几乎是纯色"),
    "own_few": (
        "These are few: D would soon know each by heart. Mirroring and changing what D sees are switched on; see"
        " Augmentation.",
        "图像较少，D 很快会把每张都记住。已开启翻转以及对 D 所见图像的扰动，见“增强”。",
    ),
    # recipes
    "lessons": ("Lessons: what goes wrong", "课程：会出什么问题"),
    "recipe.aegan": ("AE-GAN", "AE-GAN"),
    "recipe.autoencoder": ("Autoencoder", "自编码器"),
    "recipe.vae": ("VAE", "VAE"),
    "recipe.adversarial-ae": ("Adversarial autoencoder", "对抗自编码器"),
    "recipe.gan": ("GAN", "GAN"),
    "recipe.vae-gan": ("VAE-GAN", "VAE-GAN"),
    "recipe.seed": ("Seed: decoder of its own", "种子：独立的解码器"),
    "recipe.gan-2014": ("Plain GAN (2014)", "原始 GAN（2014）"),
    "recipe.strong-d": ("D too strong", "D 过强"),
    "recipe.collapse": ("Mode collapse", "模式崩溃"),
    "recipe_help.aegan": (
        "Reconstructs and generates with the same G; D keeps both sharp.",
        "同一个 G 既重建又生成；D 使两者都清晰。",
    ),
    "recipe_help.autoencoder": (
        "Reconstruction alone: true to the image, but blurred.",
        "仅重建：忠实但模糊。",
    ),
    "recipe_help.vae": (
        "An autoencoder whose codes are noisy and kept near N(0, I).",
        "编码带噪声且接近 N(0, I) 的自编码器。",
    ),
    "recipe_help.adversarial-ae": (
        "An autoencoder whose codes a second discriminator keeps near N(0, I).",
        "由第二个判别器使编码接近 N(0, I) 的自编码器。",
    ),
    "recipe_help.gan": (
        "G against D, with a gradient penalty; nothing is reconstructed.",
        "G 对 D，带梯度惩罚；没有重建。",
    ),
    "recipe_help.vae-gan": (
        "A VAE that compares images in D's features.",
        "在 D 的特征中比较图像的 VAE。",
    ),
    "recipe_help.seed": (
        "The project's first form: E and a decoder of its own reconstruct what G makes.",
        "项目的最初形式：E 与独立解码器重建 G 的输出。",
    ),
    "recipe_help.gan-2014": (
        "As first published: dense networks, no penalty, no encoder.",
        "如最初发表：全连接网络，无惩罚，无编码器。",
    ),
    "recipe_help.strong-d": (
        "D learns 250 times as fast as G and soon tells everything apart: G has nothing to go by.",
        "D 的学习速度是 G 的 250 倍，很快能分辨一切：G 无所适从。",
    ),
    "recipe_help.collapse": (
        "G learns faster than D and puts all its samples in one place. Shown on the ring of points.",
        "G 比 D 学得快，把所有样本放在一处。以环形点集演示。",
    ),
    # knobs
    "group.terms": ("Mixing desk: weights of the terms", "调音台：各项权重"),
    "group.judge": ("Adversary", "对抗方"),
    "group.schedule": ("Training", "训练"),
    "group.size": ("Size", "规模"),
    "group.augmentation": ("Augmentation", "增强"),
    # the estimate
    "estimating": ("Measuring how fast this runs here …", "正在测量此处的速度……"),
    "est_speed": ("about {speed} images/s", "约每秒 {speed} 张"),
    "est_time": ("{time} for {steps} steps", "{steps} 步需{time}"),
    "est_reached": (
        "{limit} minutes, the limit here, reach step {reached} of {steps}",
        "达到 {limit} 分钟上限时约到第 {reached} / {steps} 步",
    ),
    "est_memory": ("{mb} MB of memory", "内存 {mb} MB"),
    "est_none": ("Too busy to measure now.", "现在太忙，无法测量。"),
    "about_seconds": ("about {seconds} s", "约 {seconds} 秒"),
    "about_minutes": ("about {minutes} min", "约 {minutes} 分钟"),
    "too_much_memory": (
        "This needs about {mb} MB of memory, and a run may take {most}: choose a smaller batch or width.",
        "约需 {mb} MB 内存，而一次训练最多可用 {most}：请减小批量或宽度。",
    ),
    "weights_of": ("Weights to learn: {list}", "待学习的权重数：{list}"),
    "net.encoder": ("E", "E"),
    "net.generator": ("G", "G"),
    "net.own_decoder": ("decoder", "解码器"),
    "net.discriminator": ("D", "D"),
    "net.latent_discriminator": ("Dz", "Dz"),
    "net.prior": ("prior", "先验"),
    # links
    "link_run": ("Copy a link to this choice", "复制此选择的链接"),
    "link_run_help": (
        "A link that opens this tab with the same data, objective and options.",
        "打开本页并带有相同数据、目标与选项的链接。",
    ),
    "link_run_address": ("The link", "链接"),
    "link_not_images": ("Your images are not in it, only the settings.", "其中没有您的图像，只有设置。"),
} | {f"help.{name}": (_ENGLISH[name], chinese) for name, chinese in _CHINESE.items()}
