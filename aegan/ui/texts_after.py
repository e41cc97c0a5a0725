"""Texts of what comes after training, as in `texts`: key -> (English, Chinese)."""

from __future__ import annotations

AFTER_TEXTS: dict[str, tuple[str, str]] = {
    # the visitor's own model
    "own_run": ("Your run", "您的训练"),
    "own_facts": ("step {step} · only you see it", "第 {step} 步 · 仅您可见"),
    "foreign_link": (
        "This link leads to a run of another visitor, or to one that is not here any more. Train one of your own, or"
        " choose another model.",
        "该链接指向其他访客的训练，或已不在此处的训练。请自己训练一个，或选择其他模型。",
    ),
    # the row of buttons
    "after": ("What next", "接下来"),
    "after_help": (
        "The model as it stands now, while the run goes on or after it. You alone see it.",
        "当前状态的模型，训练进行中或结束后均可使用。只有您能看到。",
    ),
    "after_explore": ("Open in Explore", "在“探索”中打开"),
    "after_explore_help": (
        "Move sliders in the space of pictures that your run has learnt.",
        "在您的训练学到的图像空间中移动滑块。",
    ),
    "after_reconstruct": ("Open in Reconstruct", "在“重建”中打开"),
    "after_reconstruct_help": (
        "Give your model a picture and see what it makes of it.",
        "给模型一张图像，看它如何重现。",
    ),
    "after_download": ("Download", "下载"),
    "after_download_help": (
        "One zip: weights, configuration, model card, history, decoder for the browser. The command line reads it as"
        " it is, and “Continue from a file” goes on from it.",
        "一个 zip：权重、配置、模型卡、历史和浏览器用的解码器。命令行可直接使用，也可用“从文件继续”接着训练。",
    ),
    "after_push": ("Push to the Hub", "推送到 Hub"),
    "after_push_help": (
        "Put the model on the Hugging Face Hub, in an account of yours.",
        "把模型放到 Hugging Face Hub 上您自己的账户中。",
    ),
    "after_bring": ("Continue from a file", "从文件继续"),
    "after_bring_help": (
        "Choose a zip that was saved here, or config.json together with model.safetensors. They are checked before"
        " anything is done with them.",
        "选择在此保存的 zip，或 config.json 与 model.safetensors 两个文件。使用前会先检查。",
    ),
    "after_no_run": ("There is no run of yours yet: press Start.", "您还没有训练：请按“开始”。"),
    "after_looking": ("Looking for your run …", "正在查找您的训练……"),
    "after_soon": (
        "The run has not trained yet: wait for its first steps.",
        "训练尚未开始学习：请等它走完最初几步。",
    ),
    "after_failed": ("Nothing of this run was saved.", "这次训练没有保存任何内容。"),
    "after_no_encoder": (
        "A model without an encoder cannot reconstruct: choose an objective with “rec” for that.",
        "没有编码器的模型不能重建：请选择带 “rec” 的目标。",
    ),
    "after_no_generator": (
        "A model without a generator has no space to explore: give “adv” a weight for that.",
        "没有生成器的模型没有可探索的空间：请给 “adv” 一个权重。",
    ),
    "after_points": (
        "It knows points, not pictures: there is nothing to reconstruct.",
        "它学的是点而不是图像：没有可重建的内容。",
    ),
    # opening
    "after_opening": ("Opening your model", "正在打开您的模型"),
    "after_doing_waiting": ("Waiting: other runs are being opened …", "等待中：正在打开其他训练……"),
    "after_doing_prior": ("Fitting the map from noise to codes once more …", "正在再次拟合从噪声到编码的映射……"),
    "after_doing_axes": ("Finding the main axes …", "正在寻找主轴……"),
    "after_doing_ready": ("It can be looked at. Measuring …", "可以查看了。正在测量……"),
    "after_doing_familiarity": (
        "It can be looked at. Measuring errors of test images …",
        "可以查看了。正在测量测试图像的误差……",
    ),
    "after_doing_nearest": (
        "It can be looked at. Comparing with training images …",
        "可以查看了。正在与训练图像比较……",
    ),
    "after_doing_decoder": (
        "It can be looked at. Making the decoder for your browser …",
        "可以查看了。正在制作浏览器用的解码器……",
    ),
    "after_doing_card": ("It can be looked at. Writing its card and history …", "可以查看了。正在编写模型卡和历史……"),
    "after_as_of": ("The model as it was at step {step}.", "第 {step} 步时的模型。"),
    "after_renew": ("Take it as it is now", "取当前状态"),
    "after_wait": ("The files are being made, which takes some seconds.", "正在生成文件，需要几秒钟。"),
    # the package
    "after_save": ("Save", "保存"),
    "after_state": (
        "With the full state of the training, to go on exactly where it stands: {size} more",
        "附上完整的训练状态，以便从当前位置精确继续：另加 {size}",
    ),
    "part_README_md": ("model card: data, licence, credit, command, limits", "模型卡：数据、许可、致谢、命令、局限"),
    "part_config_json": ("networks, objective, training", "网络、目标、训练"),
    "part_model_safetensors": ("weights", "权重"),
    "part_metrics_json": ("figures measured in training", "训练中测得的数值"),
    "part_samples_png": ("64 samples", "64 个样本"),
    "part_training_png": ("curves", "曲线"),
    "part_events_jsonl": ("history", "历史"),
    "part_decoder_onnx": ("decoder for browsers", "浏览器用的解码器"),
    "part_decoder_json": ("what the decoder was compared with", "解码器的比较结果"),
    "part_axes_json": ("main axes", "主轴"),
    "part_directions_json": ("named directions", "命名方向"),
    "part_familiarity_json": ("errors of test images", "测试图像的误差"),
    "part_previews": (
        "{count} pictures of the training, test images among them",
        "训练过程的 {count} 张图，其中有测试图像",
    ),
    # the Hub
    "after_push_title": ("To the Hugging Face Hub", "推送到 Hugging Face Hub"),
    "after_name": ("Repository", "仓库"),
    "after_name_example": ("my-first-aegan", "my-first-aegan"),
    "after_name_help": ("A new one, in your account or as owner/name.", "新仓库：在您的账户中，或写作“所有者/名称”。"),
    "after_token": ("Access token", "访问令牌"),
    "after_token_help": (
        "With the right to write, from huggingface.co/settings/tokens. It is used once and kept nowhere.",
        "需有写权限，来自 huggingface.co/settings/tokens。只用一次，不保存在任何地方。",
    ),
    "after_private": ("Private: you alone see it on the Hub", "私有：在 Hub 上仅您可见"),
    "after_uploads": ("This will be uploaded:", "将上传以下内容："),
    "after_upload": ("Upload", "上传"),
    "after_uploading": ("Uploading …", "正在上传……"),
    "after_uploaded": ("Uploaded:", "已上传："),
    # going on
    "after_choose": ("Choose files", "选择文件"),
    "after_reading": ("Reading and checking …", "正在读取和检查……"),
    "after_too_many": ("Choose one zip, or at most three files.", "请选择一个 zip，或最多三个文件。"),
    "after_too_large": ("Together at most {most} MB are taken here.", "此处总共最多接受 {most} MB。"),
    "found_images": (
        "Found: a model of {data} at {size} pixels, {numbers} weights, trained for {step} steps.",
        "已找到：{data} 的模型，{size} 像素，{numbers} 个权重，训练了 {step} 步。",
    ),
    "found_points": (
        "Found: a model of the points {data}, {numbers} weights, trained for {step} steps.",
        "已找到：点集 {data} 的模型，{numbers} 个权重，训练了 {step} 步。",
    ),
    "found_whole": (
        "The full state of its training is there: the run goes on exactly where it stood.",
        "其中有完整的训练状态：训练将从原处精确继续。",
    ),
    "found_weights": (
        "A new run begins with these weights, with fresh optimisers and without a warm-up.",
        "新的训练将从这些权重开始，优化器重新初始化，不再预热。",
    ),
    "found_why_not": ("The state of its training is of no use: {why_not}", "训练状态无法使用：{why_not}"),
    "found_no_data": (
        "Its own data are not on this server: choose what it learns from now.",
        "原数据不在此服务器上：请选择接下来学习的数据。",
    ),
    "found_lowered": ("Lowered to what this page allows: {lowered}.", "已降到本页允许的值：{lowered}。"),
    "found_ignored": ("Not looked at: {ignored}.", "未查看：{ignored}。"),
    "after_more": ("Further steps", "再训练的步数"),
    "after_begin": ("Go on training", "继续训练"),
}
