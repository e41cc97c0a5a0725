"""What the program says in English when something is wrong -> the same in Chinese, for the page.

The keys are the core's own sentences with their values as `{place}`: the page compares what it is told with these
patterns, as a whole, and so what stands in a place, which may be words as well. Numbers and names go over as they are.
That no sentence is missing here, and none stands here that is said no more, is tested.
"""

from __future__ import annotations

from aegan.ui.texts_errors_train import TRAINING_ERRORS

_ASKED: dict[str, str] = {
    # the server
    "Something went wrong on the server: try again, or reload the page.": "服务器出了问题：请重试，或刷新页面。",
    "The server is busy: try again in a moment.": "服务器正忙：请稍后再试。",
    # requests of the page
    "The request must be an object with {fields}.": "请求必须是包含 {fields} 的对象。",
    "The request must be an object with model.": "请求必须是包含 model 的对象。",
    "The request must be an object with the name of a model.": "请求必须是包含模型名称的对象。",
    "The request must be an object with the id of a run or the name of a model.": (
        "请求必须是包含训练编号或模型名称的对象。"
    ),
    "The request must be an object with model, points and format.": "请求必须是包含 model、points 和 format 的对象。",
    "The request must be an object with model, seed and kind, one of {kinds}.": (
        "请求必须是包含 model、seed 和 kind 的对象，kind 为 {kinds} 之一。"
    ),
    "The seed must be a whole number from 0 to {most}.": "种子必须是 0 到 {most} 的整数。",
    "{name} must be a list of {count} numbers.": "{name} 必须是 {count} 个数的列表。",
    "{name} must be finite numbers from {low} to {high}.": "{name} 必须是 {low} 到 {high} 的有限数。",
    "seen must be a list of 1 to {most} pictures.": "seen 必须是 1 到 {most} 张图片的列表。",
    "noise must be a list of 1 to {most} points.": "noise 必须是 1 到 {most} 个点的列表。",
    "points must be a list of 2 to {most} points.": "points 必须是 2 到 {most} 个点的列表。",
    "count must be a whole number from 1 to {most}.": "count 必须是 1 到 {most} 的整数。",
    "steps must be a whole number from 0 to {most}.": "steps 必须是 0 到 {most} 的整数。",
    "steps must be a whole number from 1 to {most}.": "steps 必须是 1 到 {most} 的整数。",
    "step must be a whole number.": "step 必须是整数。",
    "turns must be a whole number from 0 to 3.": "turns 必须是 0 到 3 的整数。",
    "frames_per_stretch must be a whole number from 1 to {most}.": "frames_per_stretch 必须是 1 到 {most} 的整数。",
    "milliseconds must be a number from {least} to {most}.": "milliseconds 必须是 {least} 到 {most} 的数。",
    "format must be {formats}.": "format 必须是 {formats}。",
    "invert must be auto, on or off.": "invert 必须是 auto、on 或 off。",
    "private must be true or false.": "private 必须是 true 或 false。",
    "spherical and loop must be true or false.": "spherical 和 loop 必须是 true 或 false。",
    "{name} must be {size} bytes as base64 text.": "{name} 必须是 base64 文本形式的 {size} 个字节。",
    "state must be what the last answer held: code, first, second and step.": (
        "state 必须是上一次回答中的内容：code、first、second 和 step。"
    ),
    "second must not be negative: send back what the last answer held.": "second 不能为负：请发回上一次回答中的内容。",
    # models
    "This model has no encoder (a plain GAN), so it cannot reconstruct: choose another model.": (
        "该模型没有编码器（普通 GAN），无法重建：请选择其他模型。"
    ),
    "This model has no decoder: choose another model.": "该模型没有解码器：请选择其他模型。",
    "This model has no generator for noise: choose another model.": (
        "该模型没有由噪声生成图像的生成器：请选择其他模型。"
    ),
    "This model knows points, not pictures: choose another model.": "该模型只认识点，不认识图像：请选择其他模型。",
    "This model draws points, not pictures: there is no film of it.": "该模型画的是点而不是图像：没有它的影片。",
    "This model has no index of its training images: `python -m aegan prepare {model}`.": (
        "该模型没有训练图像的索引：`python -m aegan prepare {model}`。"
    ),
    "There is no trained model here yet: train one with `python -m aegan train`.": (
        "这里还没有训练好的模型：请用 `python -m aegan train` 训练一个。"
    ),
    "There is no such model here: choose one of {names}.": "这里没有这个模型：请从 {names} 中选择。",
    "There is no such study here: choose one of the list.": "这里没有这项研究：请从列表中选择。",
    "This model is a run of another visitor, or is not here any more: open a run of yours, or choose another model.": (
        "该模型是其他访客的训练，或已不在这里：请打开您自己的训练，或选择其他模型。"
    ),
    "This picture was made by a visitor's own model, which is not here any more.": (
        "这张图片由某位访客自己的模型生成，该模型已不在这里。"
    ),
    "{path} cannot be read as safetensors: {reason}": "{path} 无法作为 safetensors 读取：{reason}",
    "{path} cannot be read: a checkpoint needs {config} and {weights}.": (
        "无法读取 {path}：检查点需要 {config} 和 {weights}。"
    ),
    "{path} and {config} beside it were not saved together: copy both from the same checkpoint.": (
        "{path} 和旁边的 {config} 不是一起保存的：请从同一个检查点复制两者。"
    ),
    "{path} has format_version {found}, but this program reads {wanted}.": (
        "{path} 的 format_version 为 {found}，而本程序读取的是 {wanted}。"
    ),
    "{path} is not valid JSON ({reason}).": "{path} 不是有效的 JSON（{reason}）。",
    "{path} is too large for a configuration.": "{path} 作为配置文件太大。",
    "{path} is too large.": "{path} 太大。",
    "{path}: info must be an object.": "{path}：info 必须是对象。",
    "{path}: {reason}": "{path}：{reason}",
    "{path} {problem} tensor {name} ({count} in all).": "{path} {problem}张量 {name}（共 {count} 个）。",
    "{path}: {name} has shape {shape}, but the model's is {own}.": (
        "{path}：{name} 的形状为 {shape}，而模型的是 {own}。"
    ),
    "{path}: {name} is of type {kind}, but the model's is {own}.": "{path}：{name} 的类型为 {kind}，而模型的是 {own}。",
    "{path}: {name} has values that are not finite.": "{path}：{name} 含有非有限的数值。",
    "There is no kind of device {name}: use auto, cpu, cuda or mps.": (
        "没有 {name} 这种设备：请用 auto、cpu、cuda 或 mps。"
    ),
    "The device {name} is not available on this machine: use --device auto or --device cpu.": (
        "本机没有设备 {name}：请用 --device auto 或 --device cpu。"
    ),
    # where a picture comes from
    "{path} cannot be read: {advice}.": "无法读取 {path}：{advice}。",
    "{path}: {problem}; {advice}.": "{path}：{problem}；{advice}。",
    "{path} is of other weights than those beside it: {advice}.": "{path} 属于另一组权重，而不是旁边的那组：{advice}。",
    "The pictures of this atlas are damaged: make it anew.": "这份图像索引中的图片已损坏：请重新生成。",
    "The bundled part of {data} is not that of this atlas: make it anew.": (
        "随附的 {data} 部分与这份图像索引不符：请重新生成。"
    ),
    # pictures
    "The file is empty: choose a picture.": "文件是空的：请选择一张图片。",
    "The file is larger than {most} MB: shrink the picture.": "文件超过 {most} MB：请缩小图片。",
    "The file is larger than {most} MB: give the picture as it was saved.": (
        "文件超过 {most} MB：请使用保存时的原文件。"
    ),
    "The picture has {width} x {height} pixels: shrink it below {most} million.": (
        "图片有 {width} x {height} 像素：请缩小到 {most} 百万像素以下。"
    ),
    "The picture has {width} x {height} pixels: use one of at least {least} x {same}.": (
        "图片只有 {width} x {height} 像素：请使用至少 {least} x {same} 的图片。"
    ),
    "The picture has too many pixels: shrink it below {most} million.": "图片像素太多：请缩小到 {most} 百万像素以下。",
    "This file is damaged or not a picture: use a PNG, JPEG, WebP or GIF file.": (
        "文件已损坏或不是图片：请使用 PNG、JPEG、WebP 或 GIF 文件。"
    ),
    "Give the picture as base64 text or as a data URI.": "请以 base64 文本或 data URI 的形式提供图片。",
    "The picture is not valid base64: encode the file's bytes.": "图片不是有效的 base64：请对文件的字节进行编码。",
    "The crop must be a square within the picture: left, top and side as shares from 0 to 1.": (
        "裁剪框必须是图片内的正方形：left、top 和 side 为 0 到 1 的比例。"
    ),
    "The crop must be four finite numbers: left, top, right, bottom.": (
        "裁剪框必须是四个有限数：left、top、right、bottom。"
    ),
    "The crop lies outside the picture: choose a part of it.": "裁剪框在图片之外：请选择图片的一部分。",
    "There is no such example: choose one of the page.": "没有这个示例：请从页面上选择。",
    "No test images of this model's data come with the page: choose a picture of your own.": (
        "本页没有附带该模型数据的测试图像：请选择您自己的图片。"
    ),
    "No test images of this model's data come with the page: look at the generated pictures.": (
        "本页没有附带该模型数据的测试图像：请看生成的图像。"
    ),
    "Everything is painted over: leave a part of the picture to go by.": "整张图都被涂掉了：请留下一部分作为依据。",
    "{steps} steps are enough: start anew from the encoder's code.": "{steps} 步已经足够：请从编码器给出的码重新开始。",
    "The note in this picture is damaged: use the file as it was saved.": "图片中的记录已损坏：请使用保存时的原文件。",
    "This picture does not say where it comes from: use one that was saved here.": (
        "这张图片没有说明来源：请使用在这里保存的图片。"
    ),
    "This file is no single picture of a space to explore: use one saved in Explore.": (
        "这个文件不是可探索空间中的单张图片：请使用在“探索”中保存的图片。"
    ),
    # films
    "The film is larger than {most} MB: take fewer frames.": "影片超过 {most} MB：请减少帧数。",
    "A film has at most {most} frames: take fewer points, or fewer frames per stretch.": (
        "影片最多 {most} 帧：请减少点数，或减少每段的帧数。"
    ),
    "Other films are being made: try again in a few seconds.": "正在制作其他影片：请过几秒再试。",
}  # fmt: skip

#: What may stand in a place of these sentences, and is said in words.
_PARTS: dict[str, str] = {
    "lacks": "缺少",
    "has the unknown": "含有未知的",
    "delete it, or make it anew with `python -m aegan prepare {name}`": (
        "请删除它，或用 `python -m aegan prepare {name}` 重新生成"
    ),
}

ERRORS: dict[str, str] = _ASKED | _PARTS | TRAINING_ERRORS
