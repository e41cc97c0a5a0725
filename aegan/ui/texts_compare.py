"""Texts of the tab Compare, as in `texts`: key -> (English, Chinese)."""

from __future__ import annotations

COMPARE_TEXTS: dict[str, tuple[str, str]] = {
    # compare
    "tab_compare": ("Compare", "比较"),
    "new_noise": ("New noise", "新噪声"),
    "new_noise_help": (
        "Draw eight new points; every model starts from the same ones.",
        "抽取八个新点，所有模型都从它们开始。",
    ),
    "walk": ("Walk", "漫步"),
    "walk_help": (
        "Walk from the first point to the last, the same way in every model.",
        "从第一个点走到最后一个点，所有模型走同一条路。",
    ),
    "columns_help": (
        "The first column is what Explore shows for this seed, the next one for the next seed, and so on.",
        "第一列就是“探索”页在该种子下的图像，下一列对应下一个种子，依此类推。",
    ),
    "from_noise": ("From the same noise", "来自同样的噪声"),
    "from_noise_help": (
        "Every column starts from the same random numbers; only the model differs from row to row.",
        "每一列从同样的随机数开始，各行之间只有模型不同。",
    ),
    "walk_what": (
        "From the first point to the last in even steps: pictures on the way should be as good as those at the ends.",
        "从第一个点匀速走到最后一个点：途中的图像应当和两端一样好。",
    ),
    "from_tests": ("From the same test images", "来自同样的测试图像"),
    "from_tests_help": (
        "Images that no model was trained on, and what each model with an encoder makes of their codes.",
        "没有模型训练过的图像，以及每个带编码器的模型由其编码重画的结果。",
    ),
    "other_images": ("Other images", "换一批"),
    "other_images_help": ("Draw eight other test images.", "抽取另外八张测试图像。"),
    "real_images": ("Real images", "真实图像"),
    "term_off": ("off", "关"),
    "fd_unknown": ("FD not measured", "FD 未测量"),
    "minutes_spent": ("{minutes} min", "{minutes} 分钟"),
    "hours_spent": ("{hours} h", "{hours} 小时"),
    "steps_spent": ("{steps} steps", "{steps} 步"),
    "fd_help": (
        "Fréchet distance of {made} generated images to {real} test images in the features of the network named here;"
        " smaller is closer. It is not FID.",
        "{made} 张生成图像与 {real} 张测试图像在所示网络特征中的 Fréchet 距离，越小越接近。它不是 FID。",
    ),
    "fd_reconstructions_help": (
        "Fréchet distance of the reconstructions of {real} test images to these images, in the features of the network"
        " named here; smaller is closer.",
        "{real} 张测试图像的重建与原图在所示网络特征中的 Fréchet 距离，越小越接近。",
    ),
    "psnr_here": ("{value} dB here", "这八张 {value} dB"),
    "compare_alone": (
        "No other model of {data} is here to compare with. Train one with another objective, and open the page with it:"
        " python app.py --checkpoint FOLDER",
        "这里没有其他 {data} 模型可供比较。请用另一个目标训练一个，再这样打开本页：python app.py --checkpoint 文件夹",
    ),
    "uneven": (
        "These models were trained for different times: their figures alone do not tell which objective is better.",
        "这些模型的训练时间不同：仅凭数值不能断定哪个目标更好。",
    ),
    "uneven_study": (
        "These models were trained for different times. The study below gives every objective the same.",
        "这些模型的训练时间不同；下面的研究给每个目标同样的时间。",
    ),
    "strip_noise": ("{name}: eight pictures, seeds {first} to {last}", "{name}：八张图像，种子 {first} 到 {last}"),
    "strip_walk": ("{name}: a path from seed {first} to seed {last}", "{name}：从种子 {first} 到种子 {last} 的路径"),
    "strip_real": ("{name}: eight test images", "{name}：八张测试图像"),
    "strip_reconstructions": ("{name}: eight reconstructions", "{name}：八张重建"),
    "announce_strips": ("New pictures, from seed {seed} on.", "新图像，从种子 {seed} 开始。"),
    # rows of the mixing desk
    "objective.autoencoder": ("Autoencoder", "自编码器"),
    "objective.vae": ("VAE", "VAE"),
    "objective.adversarial-ae": ("Adversarial AE", "对抗自编码器"),
    "objective.gan": ("GAN", "GAN"),
    "objective.vae-gan": ("VAE-GAN", "VAE-GAN"),
    "objective.seed": ("Seed", "最初方案"),
    "objective.aegan": ("AE-GAN", "AE-GAN"),
    # study
    "study": ("The study: every objective on equal terms", "研究：所有目标，同等条件"),
    "study_choose": ("Study", "研究"),
    "study_arm": ("Compared at", "比较条件"),
    "arm_time": ("equal time", "同等时间"),
    "arm_time_help": ("All were trained for the same time.", "所有目标训练同样长的时间。"),
    "arm_images": ("equal images", "同等图像数"),
    "arm_images_help": ("All have seen the same number of images.", "所有目标看过同样多的图像。"),
    "study_lead_time": (
        "Each trained for {budget} on {data}, with the same networks.",
        "各在 {data} 上训练 {budget}，网络相同。",
    ),
    "study_lead_images": (
        "Each trained on {images} images of {data}, with the same networks.",
        "各用 {data} 的 {images} 张图像训练，网络相同。",
    ),
    "study_spread": ("Mean ± standard deviation of {seeds} runs.", "数值为 {seeds} 次训练的均值 ± 标准差。"),
    "study_table": ("Figures of each objective", "各目标的数值"),
    "study_marks": (
        "● best of its column. Click a heading to sort.",
        "● 为该列最佳。点击表头可排序。",
    ),
    "study_others": ("Other ways to sample", "其他采样方式"),
    "study_others_help": (
        "The same models, sampled from another distribution, or with weights that were not averaged.",
        "同样的模型，从另一种分布采样，或使用未平均的权重。",
    ),
    "best": ("best", "最佳"),
    "less_is_better": ("Less is better.", "越小越好。"),
    "more_is_better": ("More is better.", "越大越好。"),
    "floor_row": ("what as many training images reach", "同样多的训练图像所达到的"),
    "diverged": ("{n} of {seeds} runs diverged", "{seeds} 次中有 {n} 次发散"),
    "figure.fd/samples": ("FD samples", "FD 样本"),
    "figure.fd/midpoints": ("FD between", "FD 之间"),
    "figure.fd/reconstructions": ("FD reconstr.", "FD 重建"),
    "figure.prdc/precision": ("Precision", "精确率"),
    "figure.prdc/recall": ("Recall", "召回率"),
    "figure.prdc/coverage": ("Coverage", "覆盖率"),
    "figure.rec/psnr": ("PSNR, dB", "PSNR, dB"),
    "figure.modes/found": ("Modes", "模式数"),
    "figure.modes/good_share": ("Good samples", "好样本"),
    "figure.rec/rms": ("Rms of reconstr.", "重建均方根"),
    "figure.images": ("Images", "图像数"),
    "figure.seconds": ("Seconds", "秒"),
    "figure_help.fd/samples": (
        "Fréchet distance of samples to test images: how far they are from real ones as a whole.",
        "样本与测试图像的 Fréchet 距离：整体上离真实图像有多远。",
    ),
    "figure_help.fd/midpoints": (
        "The same for pictures halfway between two samples: is the space between them as good?",
        "两个样本之间中点图像的同一数值：中间的空间也一样好吗？",
    ),
    "figure_help.fd/reconstructions": (
        "The same for reconstructions of the test images.",
        "测试图像的重建的同一数值。",
    ),
    "figure_help.prdc/precision": ("The share of samples that look real.", "看起来真实的样本所占比例。"),
    "figure_help.prdc/recall": (
        "The share of test images that samples come near.",
        "有样本接近的测试图像所占比例。",
    ),
    "figure_help.prdc/coverage": (
        "The share of test images with a sample among their nearest neighbours.",
        "近邻中有样本的测试图像所占比例。",
    ),
    "figure_help.rec/psnr": (
        "Likeness of test images and their reconstructions, pixel by pixel.",
        "测试图像与其重建逐像素的相似度。",
    ),
    "figure_help.modes/found": ("Modes of the data that samples reach.", "样本到达的数据模式数。"),
    "figure_help.modes/good_share": (
        "The share of samples within three standard deviations of a mode.",
        "距某个模式三个标准差以内的样本比例。",
    ),
    "figure_help.rec/rms": (
        "Root mean square distance of test points and their reconstructions.",
        "测试点与其重建之间的均方根距离。",
    ),
    "figure_help.images": ("Images seen in training.", "训练中看过的图像数。"),
    "figure_help.seconds": ("Training time.", "训练时间。"),
    "prior.flow": ("sampled from the fitted flow", "从拟合的流采样"),
    "prior.mixture": ("sampled from a fitted mixture", "从拟合的混合分布采样"),
    "prior.normal": ("sampled from N(0, I)", "从 N(0, I) 采样"),
    "prior.raw": ("weights not averaged", "未平均的权重"),
    "plot_label": (
        "Distance against training time. Arrow keys read the values.",
        "距离随训练时间的变化。用方向键读数。",
    ),
    "plot_title": (
        "FD ({extractor}) of samples against training time, logarithmic",
        "样本的 FD（{extractor}）随训练时间的变化，对数刻度",
    ),
    "plot_title_points": ("Share of good samples against training time", "好样本比例随训练时间的变化"),
    "plot_help": (
        "Point at a line, or use the arrow keys.",
        "指向一条线，或使用方向键。",
    ),
    "plot_bands": ("Bands go from the lowest to the highest of {seeds} runs.", "色带为 {seeds} 次训练的最低到最高。"),
    "plot_value": (
        "{name} after {time}: {value}; single runs from {low} to {high}.",
        "{name}，{time} 后：{value}，各次训练从 {low} 到 {high}。",
    ),
    "targets": ("What the AE-GAN was to show", "AE-GAN 应当表明的"),
    "targets_tally": ("{met} of {all} met at {arm}.", "{arm}下，{all} 项中达到 {met} 项。"),
    "met": ("met", "达到"),
    "missed": ("missed", "未达到"),
    "never": ("never", "从未"),
    "goal.1": ("Closer to real images than a GAN", "比 GAN 更接近真实图像"),
    "goal.2": ("Sooner than a GAN", "比 GAN 更快"),
    "goal.3": ("More variety than a GAN", "比 GAN 更多样"),
    "goal.4": ("Truer reconstructions than an autoencoder", "比自编码器更忠实的重建"),
    "goal.5": ("Better than sampling an autoencoder", "胜过从自编码器采样"),
    "goal.6": ("Good everywhere one can move to", "所到之处都好"),
    "target.FD of samples, in units of the GAN's": (
        "Distance of samples, as a multiple of the GAN's",
        "样本的距离，为 GAN 的几倍",
    ),
    "target.time to reach the GAN's last FD, in units of the GAN's": (
        "Time to come as near as the GAN does, as a share of the GAN's",
        "达到 GAN 最终距离所需的时间，为 GAN 的几分之几",
    ),
    "target.more recall than the GAN": ("Recall, above the GAN's", "召回率，高于 GAN"),
    "target.more coverage than the GAN": ("Coverage, above the GAN's", "覆盖率，高于 GAN"),
    "target.FD of reconstructions, in units of the autoencoder's": (
        "Distance of reconstructions, as a multiple of the autoencoder's",
        "重建的距离，为自编码器的几倍",
    ),
    "target.PSNR in dB above the autoencoder's": (
        "PSNR above the autoencoder's, in dB",
        "PSNR 比自编码器高多少 dB",
    ),
    "target.FD of samples, in units of the best autoencoder's": (
        "Distance of samples, as a multiple of the best autoencoder's in the table",
        "样本的距离，相对于表中最好的自编码器的倍数",
    ),
    "target.precision of midpoints, in units of that of samples": (
        "Precision halfway between samples, as a share of that of samples",
        "样本中点的精确率，为样本的几分之几",
    ),
    "target.precision of its worst axis, in units of that of samples": (
        "Precision along the worst slider, as a share of that of samples",
        "最差滑块方向上的精确率，为样本的几分之几",
    ),
    "target.precision of around test images, in units of that of samples": (
        "Precision around test images, as a share of that of samples",
        "测试图像周围的精确率，为样本的几分之几",
    ),
    "target.FD of midpoints, in units of that of samples": (
        "Distance halfway between samples, as a multiple of that of samples",
        "样本中点的距离，为样本的几倍",
    ),
    "target.FD of samples, in units of that of reconstructions": (
        "Distance of samples, as a multiple of that of reconstructions",
        "样本的距离，为重建的几倍",
    ),
    "target.modes found": ("Modes found", "找到的模式"),
    "target.share of good samples": ("Share of good samples", "好样本的比例"),
    "ingredients": ("What each ingredient is worth", "每种成分的作用"),
    "ingredients_help": (
        "The recipe of the AE-GAN with one thing changed, after {budget}: the distance of its samples, as a multiple of"
        " the whole recipe's (the mark), and itself. Longer bars: the change does harm.",
        "AE-GAN 的配方只改一处，训练 {budget} 后：样本的距离为完整配方的几倍（竖线为完整配方），以及距离本身。"
        "条越长，改动的害处越大。",
    ),
    "ingredients_single": (
        "One run of each: a tenth more or less may be chance.",
        "每项只训练一次：一成上下可能出于偶然。",
    ),
    "whole_recipe": ("the whole recipe", "完整配方"),
    "ingredient.aegan-prior-none": ("no fitted prior: drawn from N(0, I)", "没有拟合的先验：从 N(0, I) 采样"),
    "ingredient.aegan-prior-mixture": ("a mixture of Gaussians instead of the flow", "用高斯混合代替流"),
    "ingredient.aegan-prior-late": (
        "the prior only for sampling; G learns from one wide Gaussian",
        "先验只用于采样；G 从一个宽高斯学习",
    ),
    "ingredient.aegan-wide-mixed": (
        "a quarter of the noise from a wide Gaussian, a quarter from between codes",
        "四分之一的噪声来自宽高斯，四分之一来自编码之间",
    ),
    "ingredient.aegan-only-prior": ("all noise from the prior", "噪声全部来自先验"),
    "ingredient.aegan-no-warmup": ("no warm-up: D takes part from the first step", "没有预热：D 从第一步就参与"),
    "ingredient.aegan-no-adv-rec": ("D does not judge reconstructions", "D 不评判重建"),
    "ingredient.aegan-no-cycle": ("no latent cycle", "没有潜空间循环项"),
    "ingredient.aegan-adv-z": ("with a latent discriminator", "加上潜空间判别器"),
    "study_sheet": (
        "What each makes of the same noise, and of the same test images",
        "各目标由同样的噪声、同样的测试图像画出的结果",
    ),
    "study_sheet_label": (
        "A row for each objective: samples from the same noise, then reconstructions of the same test images",
        "每个目标一行：同样噪声的样本，以及同样测试图像的重建",
    ),
    "study_sheet_help": (
        "First run of each at the end of its time. Made by models, except for the real images.",
        "各目标第一次训练结束时的结果。除真实图像外，均由模型生成。",
    ),
    "study_how": ("How this was measured", "测量方法"),
    "how_networks": (
        "All objectives train the same networks ({networks}) on the {train} training images of {data}, in batches of"
        " {batch} and at constant learning rates.",
        "所有目标都在 {data} 的 {train} 张训练图像上训练同样的网络（{networks}），批大小 {batch}，学习率恒定。",
    ),
    "how_time": (
        "Equal time is {budget} of {clock} on {machines}; the last fit of what is sampled from counts, measuring does"
        " not.",
        "同等时间指 {machines} 上 {budget} 的{clock}；采样分布的最后拟合计入，测量不计入。",
    ),
    "how_images": (
        "Equal images are {images}, for which a training goes on if its time ends before.",
        "同等图像数为 {images} 张；若时间先到，训练会继续到这个数量。",
    ),
    "how_tuning": (
        "Before, each objective got {trials} trials of {tuning} with different settings, and kept what was best on"
        " held-out training images; test images chose nothing.",
        "此前每个目标都有 {trials} 次各 {tuning} 的试验，取在留出的训练图像上最好的设置；测试图像不参与任何选择。",
    ),
    "how_untuned": ("Settings were those of the preset: nothing was tuned.", "使用预设的设置：没有调参。"),
    "how_figures": (
        "Figures compare {made} samples of averaged weights with {real} test images in the features of {extractor};"
        " the distance is not FID and compares with nothing outside this table.",
        "数值在 {extractor} 的特征中比较平均权重的 {made} 个样本与 {real} 张测试图像；"
        "该距离不是 FID，不能与表外数值相比。",
    ),
    "how_points": (
        "Figures are of {made} samples of averaged weights and {real} test points.",
        "数值来自平均权重的 {made} 个样本和 {real} 个测试点。",
    ),
    "how_spread": (
        "There are {seeds} runs of each, which differ in their seed; ± is their standard deviation.",
        "每个目标训练 {seeds} 次，仅种子不同；± 为其标准差。",
    ),
    "how_single": ("There is one run of each, so no spread is known.", "每个目标只训练一次，因此不知离散程度。"),
    "how_diverged": (
        "Runs that diverged are left out of the means: {lost}.",
        "发散的训练不计入均值：{lost}。",
    ),
    "how_made": (
        "Made by python -m aegan study at commit {commits} with torch {torch}. Data: {credit}; licence {license}.",
        "由 python -m aegan study 得出，提交 {commits}，torch {torch}。数据：{credit}；许可 {license}。",
    ),
    "clock.processor time": ("processor time", "处理器时间"),
    "clock.wall clock": ("wall-clock time", "实际时间"),
}
