"""Sixty pictures of a screen during one working hour, one a minute, drawn from a seed.

    python docs/lab/screens.py FOLDER [--width 1280] [--height 800]

Windows with a title, text in antialiased type, an editor that is scrolled and typed in, a terminal whose lines
move up, a page with pictures that is scrolled, a clock, a cursor, now and then another window on top. Needs Pillow and the
fonts of DejaVu. The same seed gives the same pictures for one version of Pillow.
"""
import argparse
import os
import random

from PIL import Image, ImageDraw, ImageFont

FONTS = "/usr/share/fonts/truetype/dejavu/"
WORDS = (
    "the of block plane sample motion vector picture code rate table width level shift index filter step sum mean "
    "edge order range frame group header buffer length context weight depth colour scale region error limit"
).split()


def line(rng, words):
    return " ".join(rng.choice(WORDS) for _ in range(words))


def gradient(size, rng):
    """A picture such as a photo's thumbnail: a slope with noise."""
    base = [rng.randrange(60, 200) for _ in range(3)]
    image = Image.new("RGB", size)
    pixels = image.load()
    for y in range(size[1]):
        for x in range(size[0]):
            noise = rng.randrange(-6, 7)
            pixels[x, y] = tuple(
                max(0, min(255, base[c] + (x * (c + 1)) // 7 - y // (3 - c) // 2 + noise)) for c in range(3)
            )
    return image


class Desk:
    def __init__(self, width, height):
        self.size = (width, height)
        self.rng = random.Random(18)
        self.text = ImageFont.truetype(FONTS + "DejaVuSans.ttf", 13)
        self.mono = ImageFont.truetype(FONTS + "DejaVuSansMono.ttf", 12)
        self.editor = ["    " * self.rng.randrange(4) + line(self.rng, self.rng.randrange(2, 9)) for _ in range(400)]
        self.shell = ["$ make test"]
        self.page = [line(self.rng, 14) for _ in range(300)]
        self.photos = [gradient((220, 140), self.rng) for _ in range(12)]
        self.back = Image.new("RGB", self.size, (38, 60, 90))
        draw = ImageDraw.Draw(self.back)
        for y in range(height):
            draw.line([(0, y), (width, y)], fill=(38 + y // 20, 60 + y // 30, 90 + y // 12))
        self.editor_top, self.page_top, self.cursor = 0, 0, (300, 300)

    def window(self, image, box, title, fill):
        draw = ImageDraw.Draw(image)
        x0, y0, x1, y1 = box
        draw.rectangle([x0 + 4, y0 + 4, x1 + 4, y1 + 4], fill=(20, 25, 35))
        draw.rectangle(box, fill=fill, outline=(90, 90, 90))
        draw.rectangle([x0, y0, x1, y0 + 22], fill=(225, 225, 228))
        draw.text((x0 + 10, y0 + 3), title, font=self.text, fill=(30, 30, 30))
        for k, colour in enumerate([(220, 80, 70), (230, 180, 60), (90, 180, 90)]):
            draw.ellipse([x1 - 20 * k - 18, y0 + 5, x1 - 20 * k - 7, y0 + 16], fill=colour)

    def inside(self, image, box, draw_content):
        """Draws on a copy of the inside of a window, so that nothing reaches beyond it."""
        x0, y0, x1, y1 = box
        part = image.crop((x0 + 1, y0 + 23, x1, y1))
        draw_content(ImageDraw.Draw(part), part)
        image.paste(part, (x0 + 1, y0 + 23))

    def picture(self, minute):
        rng = self.rng
        # What happens in a minute: typing, scrolling, output of a command, reading.
        if minute % 7 == 3:
            self.editor_top = max(0, self.editor_top + rng.choice([-9, 6, 14, 25]))
        for _ in range(rng.randrange(0, 4)):
            at = self.editor_top + rng.randrange(10, 35)
            self.editor[at] = self.editor[at][: rng.randrange(4, 20)] + line(rng, rng.randrange(1, 5))
        if minute % 3 == 0:
            for _ in range(rng.randrange(1, 9)):
                self.shell.append("test " + line(rng, 3).replace(" ", "::") + " ... ok")
        if minute % 5 == 1:
            self.page_top += rng.choice([60, 120, 240])
        self.cursor = (rng.randrange(50, self.size[0] - 60), rng.randrange(50, self.size[1] - 60))

        image = self.back.copy()
        width, height = self.size
        editor = (20, 40, width * 55 // 100, height - 30)
        shell = (width * 57 // 100, height * 60 // 100, width - 20, height - 30)
        page = (width * 57 // 100, 40, width - 20, height * 57 // 100)
        self.window(image, editor, "walk.rs", (252, 252, 250))
        self.inside(image, editor, self.draw_editor)
        self.window(image, shell, "terminal", (24, 26, 30))
        self.inside(image, shell, self.draw_shell)
        self.window(image, page, "documentation", (255, 255, 255))
        self.inside(image, page, self.draw_page)
        if minute % 20 in (12, 13):
            mail = (width // 4, height // 4, width * 3 // 4, height * 2 // 3)
            self.window(image, mail, "mail", (245, 247, 255))
            self.inside(image, mail, self.draw_mail)
        draw = ImageDraw.Draw(image)
        draw.rectangle([0, 0, width, 24], fill=(235, 235, 238))
        draw.text((width - 60, 4), f"{9 + minute // 60:02}:{minute % 60:02}", font=self.text, fill=(20, 20, 20))
        draw.text((12, 4), "File  Edit  View  Window  Help", font=self.text, fill=(20, 20, 20))
        x, y = self.cursor
        draw.polygon([(x, y), (x, y + 16), (x + 4, y + 12), (x + 11, y + 11)], fill="black", outline="white")
        return image

    def draw_editor(self, draw, _):
        for row in range(60):
            number = self.editor_top + row
            draw.text((8, 4 + 15 * row), f"{number + 1:4}", font=self.mono, fill=(160, 160, 165))
            if number < len(self.editor):
                text = self.editor[number]
                colour = (20, 60, 140) if number % 5 == 0 else (35, 35, 40)
                draw.text((50, 4 + 15 * row), text, font=self.mono, fill=colour)

    def draw_shell(self, draw, _):
        for row, text in enumerate(self.shell[-18:]):
            draw.text((8, 4 + 15 * row), text, font=self.mono, fill=(190, 220, 190))

    def draw_page(self, draw, part):
        y = 10 - self.page_top
        for paragraph in range(40):
            part.paste(self.photos[paragraph % 12], (12, y))
            for row in range(7):
                draw.text((245, y + 18 * row), self.page[paragraph * 7 + row], font=self.text, fill=(30, 30, 30))
            y += 160

    def draw_mail(self, draw, _):
        for row in range(14):
            draw.text((12, 10 + 18 * row), self.page[200 + row], font=self.text, fill=(30, 30, 60))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=800)
    args = parser.parse_args()
    os.makedirs(args.folder, exist_ok=True)
    desk = Desk(args.width, args.height)
    for minute in range(60):
        desk.picture(minute).save(os.path.join(args.folder, f"{minute:02}.png"), optimize=True)


main()
