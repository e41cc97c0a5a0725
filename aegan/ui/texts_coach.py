"""What the coach says, in English and Chinese: a sentence with its remedy, and how the page came to it."""

from __future__ import annotations

COACH_TEXTS: dict[str, tuple[str, str]] = {
    "coach_well": (
        "All is well: nothing of what the coach watches for.",
        "一切正常：没有发现教练所关注的问题。",
    ),
    "coach_well_help": (
        "The coach looks at the last 20 records of losses and gradients, at the figures of a small sample, at D's"
        " scores and at E's codes.",
        "教练查看最近 20 条损失与梯度记录、小样本的各项指标、判别器 D 的评分以及编码器 E 的编码。",
    ),
    "coach_diverging": (
        "The run diverges: something has grown {growth} times. Go back to the last save and lower both learning rates,"
        " or raise gamma.",
        "训练正在发散：某个量增长到了 {growth} 倍。请退回上次保存，并降低两个学习率或增大 gamma。",
    ),
    "coach_diverging_help": (
        "Reconstructions 2.5 times as wrong as they were at their best, gradients 30 times as large as at the start, or"
        " samples spread 5 times as wide as the data.",
        "重建误差达到最好时的 2.5 倍、梯度达到开始时的 30 倍，或样本的方差超过数据的 5 倍。",
    ),
    "coach_posterior_collapse": (
        "The posterior has collapsed: {unused} of {total} latent dimensions say nothing of the image. Start again with"
        " a smaller weight of kl.",
        "后验坍缩：{total} 个潜变量维度中有 {unused} 个不含图像的任何信息。请减小 kl 的权重后重新开始。",
    ),
    "coach_posterior_collapse_help": (
        "At least nine tenths of the dimensions vary by less than 0.1 over the test images: E gives all of them the"
        " same code.",
        "至少九成的维度在测试图像上的标准差小于 0.1：编码器 E 给所有图像几乎相同的编码。",
    ),
    "coach_lr_high": (
        "The learning rate of {lr} seems too high: losses swing instead of falling. Lower lr or lr_d to a third.",
        "学习率 {lr} 似乎过高：损失来回摆动而不下降。请把 lr 或 lr_d 降到三分之一。",
    ),
    "coach_lr_high_help": (
        "How much losses go to and fro from record to record, beyond their trend: {swing} of their size. At 0, the"
        " error has stood still for half of the run instead.",
        "各条记录之间损失来回变化的幅度（除去趋势）：为其大小的 {swing}。若为 0，则表示误差在后半程停滞不前。",
    ),
    "coach_d_strong": (
        "D is too strong: it tells nearly every generated picture from a real one, and G learns little from that. Raise"
        " gamma, or lower lr_d.",
        "判别器 D 过强：几乎能识别每一张生成图像，生成器 G 很难从中学习。请增大 gamma 或降低 lr_d。",
    ),
    "coach_d_strong_help": (
        "D's loss is less than a tenth of what guessing would cost. Its mean score of real pictures is {real}, of"
        " generated ones {fake}.",
        "D 的损失不到随机猜测的十分之一。它对真实图像的平均评分为 {real}，对生成图像为 {fake}。",
    ),
    "coach_d_weak": (
        "D is too weak: it cannot tell generated pictures from real ones, though they are not good yet. Raise lr_d, or"
        " lower gamma.",
        "判别器 D 过弱：生成图像还不够好，它却分辨不出真假。请提高 lr_d 或减小 gamma。",
    ),
    "coach_d_weak_help": (
        "D's loss is above that of guessing, or the same while samples cover less than 0.15 of the data. Its mean score"
        " of real pictures is {real}, of generated ones {fake}.",
        "D 的损失高于随机猜测，或与之相同而样本的覆盖率不到 0.15。"
        "它对真实图像的平均评分为 {real}，对生成图像为 {fake}。",
    ),
    "coach_mode_collapse": (
        "Modes collapse: samples are alike and leave out much of the data. Raise gamma or lower lr; an autoencoder's"
        " terms (rec, adv_rec) prevent it best.",
        "模式坍缩：样本彼此相似，遗漏了大量数据。请增大 gamma 或降低 lr；"
        "自编码器的各项（rec、adv_rec）最能防止这种情况。",
    ),
    "coach_mode_collapse_help": (
        "The samples' variance is {spread} of the data's, and they cover {coverage} of the test images; a variance"
        " below 0.07, or a fall to 0.4 of the best, is a collapse.",
        "样本方差为数据的 {spread}，覆盖了 {coverage} 的测试图像；方差低于 0.07，或降到最好时的 0.4 倍以下，即为坍缩。",
    ),
    "coach_overfitting": (
        "The run learns its training images by heart: unseen ones fare worse. Take more images, move or mirror them"
        " (shift, flip), or stop here.",
        "训练在死记训练图像：未见过的图像表现更差。请使用更多图像、移动或翻转图像（shift、flip），或就此停止。",
    ),
    "coach_overfitting_help": (
        "Training images have {train}, test images {test}: errors of reconstruction that differ by 1.3 times, or D's"
        " mean scores that differ by 0.15.",
        "训练图像为 {train}，测试图像为 {test}：重建误差相差 1.3 倍以上，或 D 的平均评分相差 0.15 以上。",
    ),
    "coach_unused_latents": (
        "{unused} of {total} latent dimensions are unused. A smaller z_dim would do, or a smaller weight of kl, or a"
        " lower lr.",
        "{total} 个潜变量维度中有 {unused} 个未被使用。可以减小 z_dim、减小 kl 的权重，或降低 lr。",
    ),
    "coach_unused_latents_help": (
        "Their codes of the test images vary by less than 0.1, or by less than a tenth of the widest dimension.",
        "它们对测试图像的编码的标准差小于 0.1，或不到最宽维度的十分之一。",
    ),
}
