"""Texts of the training images nearest to a picture, as in `texts`: key -> (English, Chinese)."""

from __future__ import annotations

NEAREST_TEXTS: dict[str, tuple[str, str]] = {
    "nearest": ("Where does it come from?", "它从哪里来？"),
    "nearest_help": (
        "The training images most like this picture. A model that had learnt them by heart would show one of them.",
        "与这张图像最相似的训练图像。如果模型只是死记硬背，画出来的就会是其中之一。",
    ),
    "this_picture": ("This picture", "这张图像"),
    "nearest_images": ("Nearest training images, nearest first", "最接近的训练图像，由近到远"),
    "training_image": ("Training image, number {rank} in nearness", "训练图像，接近程度第 {rank}"),
    "a_copy": ("a copy", "复制"),
    "unlike_all": ("unlike all", "与众不同"),
    "nearness": ("How near this picture is to a training image", "这张图像离训练图像有多近"),
    "nearness_help": (
        "How far the nearest training image is. The green part is where 98 % of unseen test images lie.",
        "这张图像离最近的训练图像有多远。绿色部分是 98% 的未见过的测试图像所在之处。",
    ),
    "as_usual": (
        "A new image: {rank} % of unseen test images are nearer to a training image.",
        "新图像：{rank}% 的未见过的测试图像离训练图像更近。",
    ),
    "very_near": (
        "Very near: fewer than 1 % of unseen test images are as near to a training image. Compare: is it a copy?",
        "非常接近：只有不到 1% 的未见过的测试图像离训练图像这么近。请对比：它是复制品吗？",
    ),
    "very_far": (
        "Unlike all of them: 99 % of unseen test images are nearer to a training image.",
        "与它们都不像：99% 的未见过的测试图像离训练图像更近。",
    ),
    "times_help": (
        "Distance, in units of what is usual: the median of test images' distances to their nearest training image.",
        "距离，以通常值为单位：测试图像到各自最近训练图像的距离的中位数。",
    ),
    "compared": ("The nearest of {count} training images, {how}.", "在 {count} 张训练图像中最接近的，{how}。"),
    "compared_part": (
        "The nearest of {count} training images, {how}. The model learnt from {total}: copies of the others would not"
        " be seen here.",
        "在 {count} 张训练图像中最接近的，{how}。模型共学习了 {total} 张：其余图像的复制品在这里看不出来。",
    ),
    "in_features": ("in the features of {extractor}", "按 {extractor} 的特征比较"),
    "in_pixels": ("as pictures of 16 × 16 pixels", "缩小到 16 × 16 像素后比较"),
    # names of labels: attribute.name; whatever is not here is shown as the data call it
    "class.T-shirt/top": ("T-shirt", "T 恤"),
    "class.Trouser": ("Trousers", "裤子"),
    "class.Pullover": ("Pullover", "套头衫"),
    "class.Dress": ("Dress", "连衣裙"),
    "class.Coat": ("Coat", "外套"),
    "class.Sandal": ("Sandal", "凉鞋"),
    "class.Shirt": ("Shirt", "衬衫"),
    "class.Sneaker": ("Sneaker", "运动鞋"),
    "class.Bag": ("Bag", "包"),
    "class.Ankle boot": ("Ankle boot", "短靴"),
    "hair colour.black": ("black hair", "黑发"),
    "hair colour.brown": ("brown hair", "棕发"),
    "hair colour.auburn": ("auburn hair", "红褐发"),
    "hair colour.caramel": ("caramel hair", "焦糖色头发"),
    "hair colour.blond": ("blond hair", "金发"),
    "hair colour.silver": ("silver hair", "银发"),
    "hair colour.rose": ("rose hair", "玫瑰色头发"),
    "hair colour.blue": ("blue hair", "蓝发"),
}
