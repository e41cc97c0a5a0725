"""Texts of the tab Explore: key -> (English, Chinese)."""

from __future__ import annotations

EXPLORE_TEXTS: dict[str, tuple[str, str]] = {
    "tab_explore": ("Explore", "探索"),
    "picture": ("Picture made by the generator", "生成器画出的图像"),
    "usual": ("usual", "常见"),
    "unusual": ("unusual", "少见"),
    "unusual_help": (
        "How far this point lies from the middle, as a share of random points that lie nearer.",
        "该点离中心有多远：比它更近的随机点所占的比例。",
    ),
    "looks_fake": ("looks made", "像生成的"),
    "looks_real": ("looks real", "像真的"),
    "realness_help": ("What the discriminator thinks of this picture.", "判别器对这张图像的看法。"),
    "randomize": ("Random", "随机"),
    "randomize_help": (
        "Go to a new random point; what is locked keeps its value.",
        "跳到一个新的随机点；锁定的滑块保持不变。",
    ),
    "reset": ("Reset", "复位"),
    "reset_help": ("Put every slider back to where it started.", "把所有滑块放回起点。"),
    "undo": ("Undo", "撤销"),
    "undo_help": ("One step back (Ctrl+Z).", "后退一步（Ctrl+Z）。"),
    "redo": ("Redo", "重做"),
    "redo_help": ("One step forward again (Ctrl+Shift+Z).", "再前进一步（Ctrl+Shift+Z）。"),
    "seed": ("Seed", "种子"),
    "seed_help": ("The same number always gives the same starting point.", "同一个数字总是给出同一个起点。"),
    "save": ("Save picture", "保存图片"),
    "save_help": (
        "A PNG file that says in its metadata that a model made it, which one, and from which numbers.",
        "PNG 文件，其元数据注明由哪个模型、用哪些数字生成。",
    ),
    "open": ("Open", "打开"),
    "open_help": (
        "Open a picture that was saved here: it remembers its point. You can also drop it on the picture.",
        "打开在这里保存的图片：它记得自己的位置。也可以把它拖到图像上。",
    ),
    "link": ("Link", "链接"),
    "link_help": (
        "The address of this very picture, with model, point and locks; or a lesson for others.",
        "这张图像的网址，包含模型、位置和锁定；也可做成给别人的课程。",
    ),
    "link_address": ("Address of this state", "此状态的网址"),
    "copy_link": ("Copy", "复制"),
    "link_copied": ("Copied", "已复制"),
    "link_marked": ("Press Ctrl+C", "按 Ctrl+C"),
    "lesson_help": (
        "A lesson shows only the parts that are ticked, and says a sentence first.",
        "课程只显示勾选的部分，并先显示一句话。",
    ),
    "lesson_words": ("A sentence to read first", "先显示的一句话"),
    "other_tabs": ("Other tabs", "其他标签页"),
    "bad_link": (
        "The point in this link belongs to another model or is damaged, so you are at the start.",
        "此链接中的位置属于另一个模型或已损坏，因此回到起点。",
    ),
    "made": (
        "Made by a model: what it shows may not exist. Saved pictures say so themselves.",
        "由模型生成，所示之物未必存在。保存的图片会自带此说明。",
    ),
    "smooth": ("Smooth", "平滑"),
    "smooth_help": ("Blend the pixels, or show them as they are.", "平滑显示，或按原始像素显示。"),
    "meaning": ("Meaning", "含义"),
    "meaning_help": (
        "Directions that were measured to change one thing. Lock a slider to keep it while others move.",
        "经测量只改变一种属性的方向。锁定某个滑块，移动其他滑块时它保持不变。",
    ),
    "direction_help": (
        "Per σ it moves its attribute by {effect} of the attribute's own spread (random directions: at most {random})"
        " and other attributes by up to {others} % of that.",
        "每 σ 使该属性变化其自身标准差的 {effect} 倍（随机方向至多 {random}），对其他属性的影响至多为其 {others}%。",
    ),
    "axes": ("Main axes", "主轴"),
    "axes_help": (
        "Directions in which pictures change most, in standard deviations (σ). Arrow keys move by 0.1 σ, Home resets.",
        "图像变化最大的方向，以标准差（σ）为单位。方向键每次移动 0.1 σ，Home 键复位。",
    ),
    "axis": ("Axis {n}", "轴 {n}"),
    "axis_help": (
        "One of the directions in which pictures change most. Double-click puts it back.",
        "图像变化最大的方向之一。双击复位。",
    ),
    "more_axes": ("More axes", "更多轴"),
    "lock": ("Lock {name}", "锁定 {name}"),
    "unlock": ("Unlock {name}", "解锁 {name}"),
    "lock_help": ("Keep this value while other sliders move.", "移动其他滑块时保持此值。"),
    "unlock_help": ("Let this slider move again.", "让此滑块可以再次移动。"),
    "raw": ("Raw numbers z", "原始数值 z"),
    "raw_help": (
        "The code that the generator is given. Its numbers are no good coordinates: moved alone, they soon lead"
        " to where there are no pictures. The sliders above move in coordinates that were fitted to real codes.",
        "生成器收到的编码。单独改变其中的数字很快就会走到没有图像的地方；上面的滑块使用拟合真实编码得到的坐标。",
    ),
    "announce": (
        "Picture updated: more unusual than {unusual} % of random points.",
        "图像已更新：比 {unusual}% 的随机点更少见。",
    ),
}
