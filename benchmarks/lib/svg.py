"""Drawing: the little of SVG that the plots share."""
from html import escape

WIDTH, LEFT, RIGHT, TOP = 960, 76, 20, 48
COLOURS = ["#1f6feb", "#d1242f", "#1a7f37", "#9a6700", "#8250df", "#57606a", "#bf3989", "#0a7d91"]


class Drawing:
    """An image under a title, to which elements are added."""

    def __init__(self, title, height):
        self.height = height
        self._elements = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" '
            f'font-size="11" fill="#24292f">',
            f'<rect width="{WIDTH}" height="{height}" fill="white"/>']
        self.text(LEFT, 20, title, size=15, is_bold=True)

    def text(self, x, y, words, anchor="start", colour=None, size=None, is_bold=False):
        attributes = "".join([
            f' text-anchor="{anchor}"' if anchor != "start" else "", f' fill="{colour}"' if colour else "",
            f' font-size="{size}"' if size else "", ' font-weight="bold"' if is_bold else ""])
        self._elements.append(f'<text x="{x:.1f}" y="{y:.1f}"{attributes}>{escape(words)}</text>')

    def line(self, x1, y1, x2, y2, colour="#e5e7eb"):
        self._elements.append(
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>')

    def rectangle(self, x, y, width, height, colour):
        self._elements.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>')

    def curve(self, points, colour, dashes=None, has_dots=False):
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        style = f' stroke-dasharray="{dashes}"' if dashes else ""
        self._elements.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.4"{style}/>')
        if has_dots:
            self._elements += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.6" fill="{colour}"/>' for x, y in points]

    def write(self, path):
        with open(path, "w") as file:
            file.write("\n".join(self._elements + ["</svg>"]) + "\n")


def nice(top):
    """The smallest of 1, 2, 5 times a power of ten that is at least `top`."""
    step = 1.0
    while step * 10 < top:
        step *= 10
    for factor in (1, 2, 5, 10):
        if step * factor >= top:
            return step * factor
    return top
