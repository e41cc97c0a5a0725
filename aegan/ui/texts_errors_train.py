"""As `texts_errors`: what can be wrong with a configuration, a run, a package, data, or an upload to the Hub."""

from __future__ import annotations

_RUNS: dict[str, str] = {
    # how a run ended
    "Training diverged: {what} before step {failed}. The state of step {kept} was kept. Try a lower learning rate (lr,"
    " lr_d), a larger gamma, or precision=fp32.": (
        "训练发散：{what}，发生在第 {failed} 步之前。第 {kept} 步的状态已保留。请试试更低的学习率（lr、lr_d）、更大的"
        " gamma，或 precision=fp32。"
    ),
    "{names} stopped being a number": "{names} 不再是数",
    "a weight stopped being a number": "某个权重不再是数",
    "Finished after {steps} steps.": "共 {steps} 步，已完成。",
    "Stopped after {seconds} seconds, at step {step}.": "{seconds} 秒后停止，位于第 {step} 步。",
    "Stopped at step {step}.": "停止于第 {step} 步。",
    "Stopped.": "已停止。",
    "The run's process ended unexpectedly, perhaps for lack of memory: resume it, or start with smaller settings.": (
        "训练进程意外结束，可能是内存不足：请继续训练，或用更小的设置重新开始。"
    ),
    "The run was ended because it hung: it gave no sign of life for {seconds} seconds. It can be resumed.": (
        "训练因停滞而被结束：{seconds} 秒内没有任何响应。可以继续训练。"
    ),
    "Nobody was looking, so the run was stopped: resume it to go on.": "无人观看，训练已停止：按“继续”接着训练。",
    "The run held its place for too long and was stopped: resume it to go on.": (
        "训练占用位置太久，已停止：按“继续”接着训练。"
    ),
    "The server was closed: resume the run to go on.": "服务器已关闭：按“继续”接着训练。",
    "The server was restarted meanwhile: resume the run to go on.": "服务器曾重新启动：按“继续”接着训练。",
    "The hosted GPU could not be had or was taken away: resume the run to try again.": (
        "未能获得托管 GPU，或它被收回：按“继续”再试一次。"
    ),
    "The hosted GPU is lent for {seconds} seconds at a time: resume the run to go on.": (
        "托管 GPU 每次借用 {seconds} 秒：按“继续”接着训练。"
    ),
    "There was not enough memory: try a smaller batch or width. The run was kept.": (
        "内存不足：请减小批大小或宽度。训练已保留。"
    ),
    "The server's disk is full: what was saved before is kept, so resume the run later.": (
        "服务器磁盘已满：之前保存的内容仍在，请稍后继续训练。"
    ),
    "What was saved of this run is damaged: start a new one.": "这次训练保存的内容已损坏：请重新开始。",
    "The images of this run are damaged or gone: start a new one.": "这次训练的图像已损坏或丢失：请重新开始。",
    "The run failed: start it again with smaller settings.": "训练失败：请用更小的设置重新开始。",
    "{path} cannot be written ({reason}): make room or choose another folder; earlier saves are kept.": (
        "无法写入 {path}（{reason}）：请腾出空间或换一个文件夹；之前保存的内容仍在。"
    ),
    # beginning and commanding a run
    "This page has a run already: stop it before you start another one.": "本页已有一次训练：请先停止它，再开始新的。",
    "All {count} places for training are taken{behind}: try again in a few minutes.": (
        "全部 {count} 个训练位置都已占用{behind}：请过几分钟再试。"
    ),
    "and {count} wait": "，另有 {count} 个在等待",
    "This server has no room on its disk for another run: try again later.": (
        "服务器磁盘没有空间容纳新的训练：请稍后再试。"
    ),
    "This run is no longer on the server: start a new one.": "这次训练已不在服务器上：请重新开始。",
    "This run is still at work in another process: try again in a moment.": (
        "这次训练仍在另一个进程中运行：请稍后再试。"
    ),
    "Nothing of this run was saved yet: let it train for a moment.": "这次训练还没有保存任何内容：请让它再训练一会儿。",
    "This run was not opened yet.": "这次训练还没有打开。",
    "The data set {name} is not on this server: choose one of the list.": "服务器上没有数据集 {name}：请从列表中选择。",
    "{name} can be at most {most} on this page, not {value}.": "在本页 {name} 最多为 {most}，不能是 {value}。",
    "The command is one of pause, resume, stop, step, rewind and change.": (
        "命令应为 pause、resume、stop、step、rewind 或 change。"
    ),
    "A single step is one of d, g or both.": "单步应为 d、g 或 both。",
    "Pause the run first: single steps are for a run that stands still.": "请先暂停训练：单步只用于暂停中的训练。",
    "This run has no discriminator that could learn: take a step of G.": "这次训练没有可学习的判别器：请走一步 G。",
    "The discriminator begins to learn at step {start}: resume the run until then.": (
        "判别器从第 {start} 步开始学习：请先让训练继续到那时。"
    ),
    "This moment was not saved: rewind to one of those offered.": "这一时刻没有保存：请回退到列出的时刻之一。",
    "No save of step {step} was kept.": "没有保留第 {step} 步的存档。",
    "{name} cannot be changed in mid-run: only {names} can.": "{name} 不能在训练中途更改：只有 {names} 可以。",
    "{name} must be a number, not {value}.": "{name} 必须是数，不能是 {value}。",
    "{name} is not part of this run: start a new one with its weight above 0.": (
        "这次训练不含 {name}：请以大于 0 的权重重新开始。"
    ),
    "{name} cannot become 0 in mid-run: its network stays; give it a very small weight.": (
        "{name} 不能在训练中途变为 0：它的网络仍在；请给它一个很小的权重。"
    ),
    "The record of this run is too large to be shown.": "这次训练的记录太大，无法显示。",
    "The record of this run is damaged.": "这次训练的记录已损坏。",
    "Nothing of this training was recorded yet: choose another one.": "这次训练还没有任何记录：请选择另一个。",
    "The pictures of this moment are no longer there: choose another one.": "这一时刻的图像已不在：请选择另一个。",
    "{path} is too large for the events of a run.": "{path} 作为训练的事件记录太大。",
    "{path} cannot be read: {reason}.": "无法读取 {path}：{reason}。",
    "{path}, line {number}: this is not an event.": "{path} 第 {number} 行：这不是事件。",
    "{path}, line {number}: this is not an event ({reason}).": "{path} 第 {number} 行：这不是事件（{reason}）。",
    # opening, going on from a package, the Hub
    "Other runs are being opened: try again in a moment.": "正在打开其他训练：请稍后再试。",
    "The run could not be opened: let it go on for a moment, and try again.": (
        "未能打开这次训练：请让它再训练一会儿，然后重试。"
    ),
    "The run's last save could not be read: let it go on for a moment, and open it again.": (
        "无法读取最近一次存档：请让训练再进行一会儿，然后重新打开。"
    ),
    "The server's disk is full, so the run could not be opened: try again later.": (
        "服务器磁盘已满，未能打开这次训练：请稍后再试。"
    ),
    "Your run has been opened anew since then: choose it again among the models.": (
        "您的训练此后已重新打开：请在模型中再次选择它。"
    ),
    "Choose a zip that was saved here, or config.json together with model.safetensors.": (
        "请选择在这里保存的 zip，或同时选择 config.json 和 model.safetensors。"
    ),
    "Other packages are being checked: try again in a moment.": "正在检查其他文件包：请稍后再试。",
    "This package is not here any more: choose it again.": "这个文件包已不在这里：请重新选择。",
    "Your run still goes on: stop it before you start another one.": "您的训练仍在进行：请先停止它，再开始新的。",
    "Choose a data set of the list.": "请从列表中选择数据集。",
    "The number of further steps must be a whole number from 1 on.": "继续训练的步数必须是不小于 1 的整数。",
    "This run has had all the steps that a run can have here: bring the model without its state.": (
        "这次训练已用完这里允许的全部步数：请不带训练状态，只提供模型。"
    ),
    "It has no {name}: bring a zip that was saved here, or both {config} and {weights}.": (
        "缺少 {name}：请提供在这里保存的 zip，或同时提供 {config} 和 {weights}。"
    ),
    "One of the files is neither a zip nor JSON nor safetensors: bring {config} and {weights}.": (
        "有文件既不是 zip，也不是 JSON 或 safetensors：请提供 {config} 和 {weights}。"
    ),
    "{name} is there twice: bring one package at a time.": "{name} 出现了两次：请一次只提供一个文件包。",
    "{name} is larger than {most} MB, the most that is read here.": "{name} 超过 {most} MB，这里最多只读这么大。",
    "{name} is nested too deeply for a configuration.": "{name} 嵌套太深，不能作为配置。",
    "{name} is not valid JSON: bring it as it was saved.": "{name} 不是有效的 JSON：请提供保存时的原文件。",
    "{name} must be an object: bring it as it was saved.": "{name} 必须是对象：请提供保存时的原文件。",
    "{name} has the unknown field {field}: bring it as it was saved.": (
        "{name} 含有未知字段 {field}：请提供保存时的原文件。"
    ),
    "{name} cannot be read as the state of a run.": "{name} 无法作为训练状态读取。",
    "{name} is not the state of a run of format 1.": "{name} 不是格式 1 的训练状态。",
    "{name} has no proper counters.": "{name} 没有正确的计数。",
    "{name} has optimisers with negative moments.": "{name} 中的优化器含有负的动量。",
    "{name}: {count} must be a whole number, and not too large.": "{name}：{count} 必须是整数，且不能太大。",
    "{name}: seconds must be a number, and not too large.": "{name}：seconds 必须是数，且不能太大。",
    "The zip is damaged or of an unusual kind: bring it as it was saved here.": (
        "zip 已损坏或格式特殊：请提供在这里保存的原文件。"
    ),
    "The zip holds {count} files, more than the {most} that are looked at.": (
        "zip 中有 {count} 个文件，超过了最多查看的 {most} 个。"
    ),
    "The zip is locked with a password: bring one that is not.": "zip 有密码保护：请提供没有密码的文件。",
    "Wait until the model is ready to be uploaded.": "请等到模型可以上传。",
    "The model is not ready yet: try again in a moment.": "模型还没有准备好：请稍后再试。",
    "Other models are being uploaded: try again in a minute.": "正在上传其他模型：请过一分钟再试。",
    "Use letters, digits, -, _ and . in the name, as in my-first-aegan or owner/my-first-aegan.": (
        "名称请使用字母、数字、-、_ 和 .，例如 my-first-aegan 或 owner/my-first-aegan。"
    ),
    "Give an access token of yours with the right to write; huggingface.co/settings/tokens makes one.": (
        "请提供您有写权限的访问令牌；可在 huggingface.co/settings/tokens 创建。"
    ),
    "The Hub does not know this token: copy it anew, whole.": "Hub 不认识这个令牌：请重新完整复制。",
    "This token may not write there: make one with the right to write, or choose a name of your own account.": (
        "该令牌无权写入那里：请创建有写权限的令牌，或使用您自己账户下的名称。"
    ),
    "There is a repository {name} already: choose another name, so that nothing is overwritten.": (
        "仓库 {name} 已存在：请换一个名称，以免覆盖。"
    ),
    "The Hub could not be reached from here: try again later, or download the model and upload it yourself.": (
        "从这里无法连接 Hub：请稍后再试，或下载模型后自行上传。"
    ),
    "The Hub refused ({status}): try again later, or download the model and upload it yourself.": (
        "Hub 拒绝了请求（{status}）：请稍后再试，或下载模型后自行上传。"
    ),
    "{reason} The repository {name} was made and may be incomplete: delete it on the Hub before you try again.": (
        "{reason}仓库 {name} 已创建，但可能不完整：请先在 Hub 上删除它再重试。"
    ),
}  # fmt: skip

_CHOICES: dict[str, str] = {
    # a configuration
    "A choice is an object with data, preset and knobs.": "选择必须是包含 data、preset 和 knobs 的对象。",
    "Choose a data set and an objective of the lists.": "请从列表中选择数据集和目标。",
    "This link is no training run's.": "这个链接不是训练的链接。",
    "There is no knob {name} here: see Weights and options.": "这里没有旋钮 {name}：请看“权重与选项”。",
    "Give {name} a value.": "请给 {name} 一个值。",
    "The value of {name} is too long.": "{name} 的值太长。",
    "There is no option {name}.{hint}": "没有选项 {name}。{hint}",
    "There is no {kind} {name}. {hint}": "没有名为 {name} 的 {kind}。{hint}",
    "Did you mean {name}?": "您是想用 {name} 吗？",
    "Choose one of {names}.": "请从 {names} 中选择。",
    "See `python -m aegan train --help`.": "请看 `python -m aegan train --help`。",
    "{name} needs a value of type {kind}, not {value}.": "{name} 需要 {kind} 类型的值，而不是 {value}。",
    "{name} must be of type {kind}, not {value}.": "{name} 必须是 {kind} 类型，不能是 {value}。",
    "{name} must be a finite number, not {value}.": "{name} 必须是有限数，不能是 {value}。",
    "{name} must be one of {choices}, not {value}.": "{name} 必须是 {choices} 之一，不能是 {value}。",
    "{name} must lie between {low} and {high}, not {value}.": "{name} 必须在 {low} 到 {high} 之间，不能是 {value}。",
    "batch_size must be an even number, not {value}.": "batch_size 必须是偶数，不能是 {value}。",
    "2-D points need architecture=dense.": "二维点需要 architecture=dense。",
    "2-D points need img_resolution=1 together with img_channels=2; images need neither.": (
        "二维点需要 img_resolution=1 和 img_channels=2；图像不需要这些设置。"
    ),
    "The objective has nothing to learn from: give rec or adv a weight above 0.": (
        "该目标没有可学习的项：请给 rec 或 adv 大于 0 的权重。"
    ),
    "rec_kind=features compares in D's features, so it needs adv or adv_rec above 0.": (
        "rec_kind=features 在 D 的特征中比较，因此 adv 或 adv_rec 必须大于 0。"
    ),
    "wide_share and mixed_share are shares of one batch: together at most 1.": (
        "wide_share 和 mixed_share 是同一批的份额：合计最多为 1。"
    ),
    "code_dim can differ from z_dim only where E has its own decoder: set own_decoder or code_dim=0.": (
        "只有当 E 有自己的解码器时，code_dim 才可不同于 z_dim：请设置 own_decoder 或 code_dim=0。"
    ),
    "cycle compares latents with codes, so code_dim must equal z_dim: set code_dim=0.": (
        "cycle 比较隐向量与码，因此 code_dim 必须等于 z_dim：请设置 code_dim=0。"
    ),
    "The configuration's data must be a name.": "配置中的 data 必须是名称。",
    "The configuration lacks its part {name}.": "配置缺少 {name} 部分。",
    "The configuration's part {name} must be an object.": "配置的 {name} 部分必须是对象。",
    "The configuration's part {name} has the unknown field {field}.": "配置的 {name} 部分含有未知字段 {field}。",
    # data
    "There is no data set {name}. {hint}": "没有数据集 {name}。{hint}",
    "Choose {names}, or a folder or zip.": "请选择 {names}，或一个文件夹或 zip。",
    "{name} is a set of 2-D points: use it with the preset points, not with images.": (
        "{name} 是二维点集：请与预设 points 一起使用，而不是图像。"
    ),
    "The model takes 2-D points and {name} has images: choose {names}.": (
        "该模型使用二维点，而 {name} 是图像：请选择 {names}。"
    ),
    "{data} has {channels} channels at {size} pixels, but the model is built for {own_channels} at {own_size}: set"
    " img_channels and img_resolution.": (
        "{data} 为 {channels} 通道、{size} 像素，而模型适用于 {own_channels} 通道、{own_size} 像素：请设置 img_channels"
        " 和 img_resolution。"
    ),
    "{data} at {size} pixels needs too much memory: choose a lower img_resolution.": (
        "{data} 在 {size} 像素下需要太多内存：请选择更小的 img_resolution。"
    ),
    "The files of {name} in {folder} do not belong together: delete them and get them anew.": (
        "{folder} 中 {name} 的文件不属于同一套：请删除后重新获取。"
    ),
    "Loading {name} needs torchvision: pip install torchvision.": (
        "载入 {name} 需要 torchvision：pip install torchvision。"
    ),
    "Loading {name} needs one more package: pip install {package}.": (
        "载入 {name} 还需要一个软件包：pip install {package}。"
    ),
    "The copy of {name} in {folder} is incomplete or damaged: delete it and try again.": (
        "{folder} 中的 {name} 不完整或已损坏：请删除后重试。"
    ),
    "{name}.webp or {same}.json in {folder} is missing or damaged: get it anew.": (
        "{folder} 中的 {name}.webp 或 {same}.json 缺失或已损坏：请重新获取。"
    ),
    "{path} is damaged: delete it and get it anew.": "{path} 已损坏：请删除后重新获取。",
    # own images
    "Your own images are no longer here: choose them again.": "您自己的图像已不在这里：请重新选择。",
    "Somebody else's images are being read: try again in a moment.": "正在读取其他人的图像：请稍后再试。",
    "Choose a zip, or up to {most} pictures.": "请选择一个 zip，或最多 {most} 张图片。",
    "Each file needs a name and its data.": "每个文件都需要名称和内容。",
    "Pictures can be {sizes} pixels wide, in 1 or 3 channels.": "图片宽度可为 {sizes} 像素，通道数为 1 或 3。",
    "That is more than {most} MB: choose the pictures themselves instead of a zip (your browser makes them smaller"
    " then), or fewer of them.": (
        "超过 {most} MB：请直接选择图片而不是 zip（浏览器会先把它们缩小），或减少数量。"
    ),
    "There are {count} readable pictures{twice}, and it takes at least {least} different ones to learn anything: add"
    " some.": "可读的图片有 {count} 张{twice}，至少需要 {least} 张不同的图片才能学习：请再添加一些。",
    "and {count} that come twice": "，另有 {count} 张重复",
    "There are no pictures in it{what}.": "其中没有图片{what}。",
    "but other archives: unpack those first": "，只有其他压缩包：请先解压",
    ": it should hold PNG, JPEG or WebP files": "：应包含 PNG、JPEG 或 WebP 文件",
    "Only {count} of the pictures are for training: put more into the folder train.": (
        "只有 {count} 张图片用于训练：请在 train 文件夹中放入更多。"
    ),
    "The zip is damaged: make it anew.": "zip 已损坏：请重新制作。",
    "The zip unpacks to more than {most} MB: make the pictures smaller.": "zip 解压后超过 {most} MB：请缩小图片。",
    "The zip has too many entries: put fewer files into it.": "zip 中条目太多：请减少文件。",
    "The zip is locked with a password: make one without.": "zip 有密码保护：请制作没有密码的。",
    "The zip uses an unusual compression: make it with the ordinary one (deflate).": (
        "zip 使用了特殊的压缩方式：请用普通方式（deflate）制作。"
    ),
    "Reading took longer than {seconds} seconds: choose fewer or smaller pictures.": (
        "读取超过 {seconds} 秒：请减少图片或选择更小的图片。"
    ),
    "The pictures have more than {most} million pixels: make them smaller.": (
        "图片总像素超过 {most} 百万：请缩小图片。"
    ),
}  # fmt: skip

TRAINING_ERRORS: dict[str, str] = _RUNS | _CHOICES
