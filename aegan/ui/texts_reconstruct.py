"""Texts of the tab Reconstruct, as in `texts`: key -> (English, Chinese)."""

from __future__ import annotations

RECONSTRUCT_TEXTS: dict[str, tuple[str, str]] = {
    "tab_reconstruct": ("Reconstruct", "重建"),
    # ways in
    "choose_picture": ("Choose a picture", "选择图片"),
    "choose_help": (
        "A file of yours, or up to 16 of them; you can also drop them here, or paste with Ctrl+V.",
        "选择您的文件，最多 16 个；也可以拖到这里，或用 Ctrl+V 粘贴。",
    ),
    "drop_here": ("Drop a picture here", "把图片拖到这里"),
    "drop_help": ("or paste it with Ctrl+V", "或用 Ctrl+V 粘贴"),
    "privacy": (
        "Your picture is used for this answer only: it is not stored and nobody else sees it.",
        "您的图片只用于这一次计算：不会保存，也不会给别人看。",
    ),
    "examples": ("Or try one of these", "或试试这些"),
    "example": ("Example: {name}", "示例：{name}"),
    "random_test": ("Test image", "测试图像"),
    "random_test_help": (
        "Any image of the model's own data that it was not trained on.",
        "随机取一张该模型数据集中未参与训练的图像。",
    ),
    "camera": ("Camera", "相机"),
    "camera_help": ("Take a picture with your camera; only that one picture is sent.", "用相机拍一张，只发送这一张。"),
    "camera_view": ("What the camera sees", "相机画面"),
    "snap": ("Take picture", "拍照"),
    "snap_help": ("Send what the camera sees now.", "发送当前画面。"),
    "no_camera": (
        "No camera can be used here, which is fine: upload, paste or draw a picture instead.",
        "这里无法使用相机，没关系：请上传、粘贴或画一张图片。",
    ),
    "draw": ("Draw", "画一张"),
    "draw_help": (
        "Draw a picture and watch the model redraw it; only the picture is sent.",
        "画一张图，看模型如何重画；只发送图片本身。",
    ),
    "pad_label": (
        "Drawing pad: draw with the pointer, or move with the arrow keys and put the pen down or up with Space",
        "画板：用指针绘画，或用方向键移动、空格键落笔与抬笔",
    ),
    "pen": ("Pen", "画笔"),
    "pen_help": ("Draw.", "绘画。"),
    "eraser": ("Eraser", "橡皮"),
    "eraser_help": ("Take away what you drew.", "擦去已画的部分。"),
    "undo_stroke": ("Undo", "撤销"),
    "undo_stroke_help": ("Take back the last stroke.", "撤回最后一笔。"),
    "clear": ("Clear", "清空"),
    "clear_help": ("Take back every stroke.", "撤回所有笔画。"),
    "thickness": ("Thickness", "粗细"),
    "thickness_help": ("How thick the next stroke will be.", "下一笔的粗细。"),
    "colour": ("Colour", "颜色"),
    "colour_help": ("The colour of the next stroke.", "下一笔的颜色。"),
    "cancel": ("Cancel", "取消"),
    "too_large": (
        "This file is larger than {most} MB: choose a smaller picture.",
        "文件超过 {most} MB：请选择更小的图片。",
    ),
    "too_many": (
        "Only the first {most} pictures are taken: give the others afterwards.",
        "只取前 {most} 张图片：其余的请稍后再给。",
    ),
    "unreadable": ("This file cannot be read: choose another picture.", "无法读取该文件：请选择另一张图片。"),
    "no_answer": ("The server does not answer: try again in a moment.", "服务器没有响应：请稍后再试。"),
    # fitting
    "fitting": ("How it is made to fit", "如何适配模型"),
    "step_cut": ("cut to a square", "裁成方形"),
    "step_small": ("shrunk to {width} × {height}", "缩小到 {width} × {height}"),
    "step_grey": ("grey, {width} × {height}", "灰度，{width} × {height}"),
    "step_inverted": ("light and dark exchanged", "明暗对调"),
    "turn": ("Turn", "旋转"),
    "turn_help": ("Turn the picture by 90° to the right.", "把图片向右旋转 90°。"),
    "whole": ("Middle square", "居中方形"),
    "whole_help": ("Take the largest square from the middle again.", "重新取中间最大的方形。"),
    "crop_keys": (
        "Crop: arrow keys move it, plus and minus resize it, Home takes the middle",
        "裁剪框：方向键移动，加减号缩放，Home 键居中",
    ),
    "crop_help": (
        "Drag the square, or its corner: the model sees what is in it.",
        "拖动方框或其角：模型只看到框内部分。",
    ),
    "crop_numbers": ("Crop in pixels", "以像素裁剪"),
    "crop_left": ("left", "左"),
    "crop_top": ("top", "上"),
    "crop_side": ("side", "边长"),
    "invert": ("Invert", "反相"),
    "invert_auto": ("automatically", "自动"),
    "invert_on": ("yes", "是"),
    "invert_off": ("no", "否"),
    "invert_help": (
        "A grey model learnt bright things on black. Pictures with a light background are inverted for it.",
        "灰度模型学到的是黑底上的亮物体，浅色背景的图片会为它反相。",
    ),
    # the result
    "yours": ("Your picture", "您的图片"),
    "as_seen": ("As the model sees it", "模型看到的"),
    "reconstruction": ("Reconstruction", "重建结果"),
    "wipe": ("Before and after", "前后对比"),
    "wipe_help": (
        "From the reconstruction to what the model was given; you can also drag on the picture.",
        "从重建结果滑到模型的输入；也可以直接在图上拖动。",
    ),
    "wipe_value": ("{value} % of the input", "显示 {value}% 的输入"),
    "error_map": ("Difference", "差异"),
    "error_help": (
        "Black: the same. Yellow: different by a quarter of the range or more. The scale is fixed.",
        "黑色：相同；黄色：相差达到或超过取值范围的四分之一。刻度固定。",
    ),
    "psnr": ("PSNR {value} dB", "PSNR {value} dB"),
    "psnr_help": (
        "Likeness of input and reconstruction: peak signal-to-noise ratio over all pixels; higher is closer.",
        "输入与重建的相似度：所有像素的峰值信噪比，越高越接近。",
    ),
    "ssim": ("SSIM {value}", "SSIM {value}"),
    "ssim_help": (
        "Likeness of structure, in windows of 11 pixels (Wang et al. 2004); 1 is the same.",
        "结构相似度，以 11 像素窗口计算（Wang 等 2004），1 表示相同。",
    ),
    "code": ("Its code", "它的编码"),
    "code_help": (
        "The numbers that are left of the picture, in standard deviations. From them alone it is drawn again.",
        "图片只剩下这些数字（以标准差为单位），仅凭它们重新画出图像。",
    ),
    "raw_code_help": (
        "The numbers that are left of the picture. From them alone it is drawn again.",
        "图片只剩下这些数字，仅凭它们重新画出图像。",
    ),
    "code_size": ("{pixels} values become {numbers}", "{pixels} 个数值变成 {numbers} 个"),
    "made_again": (
        "The reconstruction is made by a model from the numbers above. Saved, it says so itself.",
        "重建图由模型根据上面的数字生成。保存后会自带此说明。",
    ),
    "announce_reconstruction": ("Reconstruction shown, PSNR {value} dB.", "已显示重建结果，PSNR {value} dB。"),
    # how foreign
    "how_foreign": ("How foreign", "陌生程度"),
    "familiar": ("familiar", "熟悉"),
    "unfamiliar": ("unfamiliar", "少见"),
    "foreign": ("foreign", "陌生"),
    "foreign_help": (
        "Compared with {images} images of the model's own data: how badly the picture is redrawn for its contrast, and"
        " how rare its code is; the higher of the two.",
        "与模型自身数据的 {images} 张图像相比：按对比度衡量的重建误差，以及编码的罕见程度，取两者中较高者。",
    ),
    "foreign_column_help": (
        "Share of the model's own images that are more familiar to it, in per cent.",
        "模型自身数据中比它更熟悉的图像所占的百分比。",
    ),
    "foreign_both": (
        "Redrawn worse than {error} % of them; its code is rarer than that of {rarity} %.",
        "重建得比其中 {error}% 差；编码比其中 {rarity}% 罕见。",
    ),
    "foreign_error": ("Redrawn worse than {error} % of them.", "重建得比其中 {error}% 差。"),
    "split_test": ("test images", "测试图像"),
    "split_held": ("held-out images", "留出图像"),
    "verdict_familiar": (
        "This looks like what the model knows: {percentile} % of its own {split} ({data}) are more familiar to it.",
        "它很像模型所熟悉的内容：自身{split}（{data}）中有 {percentile}% 比它更熟悉。",
    ),
    "verdict_unfamiliar": (
        "Unfamiliar, but the model may cope: {percentile} % of its own {split} ({data}) are more familiar to it.",
        "有些陌生，但模型也许能应付：自身{split}（{data}）中有 {percentile}% 比它更熟悉。",
    ),
    "verdict_foreign": (
        "The model does not know such pictures. It learnt from {data} only, and draws the nearest thing that it can:"
        " {percentile} % of its own {split} are more familiar to it.",
        "模型没见过这样的图片。它只学过 {data}，只能画出最接近的东西：自身{split}中有 {percentile}% 比它更熟悉。",
    ),
    # what can be done with it
    "tools": ("What to do with the code", "用编码做什么"),
    "refine": ("Refine", "精修"),
    "refine_help": (
        "Search for a better code, step by step, starting from the encoder's.",
        "从编码器给出的编码出发，逐步寻找更好的编码。",
    ),
    "refined": (
        "Step {step} of {steps}: PSNR {before} → {after} dB",
        "第 {step} / {steps} 步：PSNR {before} → {after} dB",
    ),
    "refine_back": ("Back to the encoder's code", "回到编码器的编码"),
    "refine_back_help": ("Show again what the encoder gave.", "重新显示编码器给出的结果。"),
    "fill": ("Fill in", "填补"),
    "fill_help": (
        "Paint over a part: the model finds a code for the rest, and draws what belongs there.",
        "涂掉一部分：模型为其余部分寻找编码，并画出该处应有的内容。",
    ),
    "fill_how": (
        "Paint over a part of the picture. Only the rest counts; what stands in the gap is then the model's idea.",
        "涂掉图片的一部分，只有其余部分算数；空缺处由模型来想象。",
    ),
    "paint_here": ("Paint over a part", "涂掉一部分"),
    "mask_label": (
        "Paint over a part: with the pointer, or move with the arrow keys and put the brush down or up with Space",
        "涂掉一部分：用指针，或用方向键移动、空格键落笔与抬笔",
    ),
    "filled": ("Filled in", "填补结果"),
    "filled_said": (
        "Step {step} of {steps}: PSNR of what is visible {before} → {after} dB",
        "第 {step} / {steps} 步：可见部分的 PSNR {before} → {after} dB",
    ),
    "edit": ("Edit in Explore", "在“探索”中编辑"),
    "edit_help": (
        "Take the code along to the sliders; only for codes that lie within the sliders' reach.",
        "带着编码去调滑块；仅限滑块够得着的编码。",
    ),
    "morph": ("Morph with …", "变形到……"),
    "morph_help": ("Walk from this picture to another one.", "从这张图片走到另一张。"),
    "morph_how": (
        "This is the first picture. Now give a second one, in any way: pictures between the two appear.",
        "这是第一张。请用任意方式给出第二张，两者之间的图像就会出现。",
    ),
    "first": ("First", "第一张"),
    "second": ("Second", "第二张"),
    "between": ("Between", "中间"),
    "between_value": ("{value} % of the way", "走了 {value}%"),
    "play": ("Play", "播放"),
    "play_help": ("Walk there and back.", "来回播放。"),
    "morph_restart": ("Start from this one", "从这一张开始"),
    "morph_restart_help": ("Make the picture that is shown above the first one.", "把上面显示的图片作为第一张。"),
    "morph_random": ("A random test image", "随机测试图像"),
    "cycle": ("Cycle", "循环"),
    "cycle_help": (
        "Encode and decode again and again, and see what stays.",
        "反复编码、解码，看看什么保持不变。",
    ),
    "cycle_how": (
        "x → E → z → G → x̂ → E → ẑ → …: each picture is made from the code of the one before. PSNR compares it with x;"
        " |z − ẑ| says how far its own code lies from the one it was drawn from.",
        "x → E → z → G → x̂ → E → ẑ → ……：每张图都由前一张的编码画出。PSNR 与 x 比较；"
        "|z − ẑ| 表示它自己的编码离画出它的编码有多远。",
    ),
    "cycle_length": ("|z| {value}", "|z| {value}"),
    "cycle_moved": ("|z − ẑ| {value}", "|z − ẑ| {value}"),
    # before there is a picture
    "welcome": ("Give the model a picture, and it draws it again", "给模型一张图片，它会重新画出来"),
    "welcome_how": (
        "Drop one here, paste, draw, take it with your camera, or start with this example.",
        "把图片拖到这里，粘贴、绘画、用相机拍摄，或从这个示例开始。",
    ),
    "try_first": ("Try this example", "试试这个示例"),
    "any_picture": ("Any picture", "任意图片"),
    "any_picture_help": ("a photo, a file, a drawing", "照片、文件或绘画"),
    "about_seen": ("cut to a square of {size} × {size} pixels", "裁成 {size} × {size} 像素的正方形"),
    "about_code": (
        "the encoder keeps {numbers} numbers of {pixels}",
        "编码器从 {pixels} 个数值中只留下 {numbers} 个",
    ),
    "drawn_again": ("Drawn again", "重新画出"),
    "about_drawn": ("by the generator, from these numbers alone", "生成器仅凭这些数字画出"),
    "about_difference": ("bright where the two differ", "越亮处相差越大"),
    "welcome_then": (
        "Then refine it, paint over a part to have it filled in, morph it into another picture, or take it to the"
        " sliders of Explore. The page says how true the drawing is, and how foreign your picture is to the model.",
        "然后可以精修、涂掉一部分让模型填补、变形成另一张图片，或带到“探索”的滑块中编辑。"
        "本页会告诉您重画得有多准，以及您的图片对模型有多陌生。",
    ),
    # several at once
    "several": ("Several pictures", "多张图片"),
    "several_open": ("Show this one in full.", "完整显示这一张。"),
    "file_name": ("File", "文件"),
    "pair": ("Input, reconstruction", "输入、重建"),
    "pair_help": ("What the model was given, and what it made of it.", "模型的输入，以及它重画的结果。"),
    "close": ("Close", "关闭"),
    "save_sheet": ("Save sheet", "保存拼图"),
    "save_sheet_help": (
        "All pictures beside their reconstructions, as one PNG that says which model made it.",
        "所有图片与各自的重建拼成一张 PNG，其中注明由哪个模型生成。",
    ),
    "save_table": ("Save table", "保存表格"),
    "save_table_help": (
        "The figures of all pictures as CSV, which spreadsheets open.",
        "所有图片的数值，存为电子表格可打开的 CSV。",
    ),
}
