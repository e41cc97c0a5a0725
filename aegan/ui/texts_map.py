"""Texts of the map in Explore: key -> (English, Chinese)."""

from __future__ import annotations

MAP_TEXTS: dict[str, tuple[str, str]] = {
    "map": ("Map", "地图"),
    "map_help": (
        "What lies around this point along two directions, from −3 to +3 σ; the rest of it stays. Drag the dot, click"
        " anywhere, or use the arrow keys (0.1 σ; with Shift 0.5).",
        "沿两个方向（−3 到 +3 σ）看看当前点周围有什么，其余保持不变。拖动圆点、点击任意位置，或用方向键"
        "（每次 0.1 σ，按住 Shift 为 0.5）。",
    ),
    "map_shows": ("What the map shows", "地图显示的内容"),
    "map_pictures": ("Pictures", "图像"),
    "map_training": ("Training images", "训练图像"),
    "map_training_help": (
        "Where the encoder puts real training images, as seen along these two directions.",
        "编码器把真实训练图像放在哪里（沿这两个方向看）。",
    ),
    "map_across": ("Across", "横向"),
    "map_up": ("Up", "纵向"),
    "map_here": ("Picture at the dot", "圆点处的图像"),
    "map_group": ("Map", "地图"),
    "map_tiles": ("Small pictures of what lies around this point", "当前点周围的小图"),
    "map_cloud": ("Training images as marks", "以标记显示的训练图像"),
    "map_dot_across": ("Place on the map across: {name}", "地图横向位置：{name}"),
    "map_dot_up": ("Place on the map upward: {name}", "地图纵向位置：{name}"),
    "map_stuck": (
        "{names} cannot move here: a lock keeps it, or the two directions are almost the same.",
        "{names} 在这里无法移动：它被锁定，或两个方向几乎相同。",
    ),
    "map_no_codes": (
        "This model has no encoder that leads to this space, so training images have no place on the map.",
        "此模型没有通向该空间的编码器，因此训练图像在地图上没有位置。",
    ),
    "map_key": ("Hue and shape tell the {what}.", "颜色和形状表示{what}。"),
    # what labels of training images tell: map_tells.ATTRIBUTE
    "map_tells.class": ("class", "类别"),
    "map_tells.hair colour": ("hair colour", "发色"),
    "map_classes": ("What the training images are", "训练图像的类别"),
    "map_counted": (
        "{count} training images, placed by the encoder.",
        "{count} 张训练图像，由编码器定位。",
    ),
    "map_counted_within": (
        "{count} training images, placed by the encoder; {out} of them lie outside.",
        "{count} 张训练图像，由编码器定位，其中 {out} 张在范围之外。",
    ),
}
