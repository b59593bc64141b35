#!/usr/bin/env python3
"""Decodes a `.tin` file of codec wavelet to PGM or PPM: `reader.py IN.tin OUT.ppm`.

Written from container.md, entropy.md and wavelet.md beside this file and nothing else, as a test of
those pages and as an example for other decoders. Slow and simple: plain Python 3, whole files, gray
and RGB planes of one size and depth, all tiles. Section numbers are those of the pages.
"""

import struct
import sys
from pathlib import Path

PRIORS = Path(__file__).resolve().parents[2] / "crates/codecs/tintype_wavelet/src/priors.bin"


class FormatError(Exception):
    pass


def require(condition, message):
    if not condition:
        raise FormatError(message)


def f32(x):
    """The nearest single-precision number. A sum, product or quotient of two such numbers, computed in
    double precision and rounded by this, is the one that single-precision arithmetic gives."""
    return struct.unpack("<f", struct.pack("<f", x))[0]


# ---- container.md ----------------------------------------------------------------------------------


class Bytes:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        require(self.at + count <= len(self.data), "file ends early")
        self.at += count
        return self.data[self.at - count : self.at]

    def byte(self):
        return self.take(1)[0]

    def varint(self):
        value, shift = 0, 0
        while True:
            byte = self.byte()
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                require(byte != 0 or shift == 7, "varint is not in its shortest form")
                return value


def crc16(data):
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = ((crc << 1) ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def read_chunks(data):
    """HEAD's payload and the sections, by (tile, layer)."""
    file = Bytes(data)
    require(file.take(4) == b"\x89TIN", "not a .tin file")
    require(file.byte() == 1, "unknown version")
    head, sections, keys = None, {}, None
    while True:
        start = file.at
        tag = file.byte()
        kind, critical, last = tag & 31, tag & 128, tag & 64
        require(tag & 32 == 0, "reserved bit of a tag")
        require((head is None) == (kind == 0), "HEAD must be the first chunk and stand once")
        length = file.varint()
        body_at = file.at
        payload = file.take(length)
        if kind == 2:
            sections = read_data(payload, tag, keys)
        else:
            checksum = int.from_bytes(file.take(4), "little")
            require(crc32c(data[start : body_at + length]) == checksum, "checksum of a chunk")
            if kind == 0:
                head = payload
            elif kind == 1:
                keys = read_index(payload)
            else:
                require(not critical, f"critical chunk of kind {kind}")
        if last:
            return head, sections


def read_index(payload):
    """A list of (key, length) in file order."""
    index = Bytes(payload)
    order = index.byte()
    require(order <= 2, "order of the index")
    if order == 0:
        keys = [(index.varint(), index.varint()) for _ in range(index.varint())]
    else:
        tiles, layers = index.varint(), index.varint()
        if order == 1:
            keys = [(tile, layer) for tile in range(tiles) for layer in range(layers)]
        else:
            keys = [(tile, layer) for layer in range(layers) for tile in range(tiles)]
    return [(key, index.varint()) for key in keys]


def read_data(payload, tag, keys):
    data = Bytes(payload)
    if keys is None:
        total = len(payload)
        keys = [((0, 0), total - (0 if total == 0 else 2 if total < 4096 + 2 else 4))]
    sections = {}
    for key, length in keys:
        section = data.take(length)
        if length >= 4096:
            checksum = int.from_bytes(data.take(4), "little")
            require(crc32c(bytes([tag]) + section) == checksum, "checksum of a section")
        elif length > 0:
            checksum = int.from_bytes(data.take(2), "little")
            require(crc16(bytes([tag]) + section) == checksum, "checksum of a section")
        sections[key] = section
    require(data.at == len(payload), "bytes left over in DATA")
    return sections


class Shape:
    def __init__(self, head):
        require(head.byte() == 2, "not codec wavelet")
        self.width, self.height = head.varint(), head.varint()
        layout = head.byte()
        require(layout in (0, 1), "this reader knows gray and RGB without subsampling or alpha only")
        self.is_rgb = layout == 1
        self.planes = 3 if self.is_rgb else 1
        self.bits = head.byte() + 1


# ---- entropy.md ------------------------------------------------------------------------------------

MASK = (1 << 64) - 1


def squash(x):
    x = max(-2047, min(2047, x))
    return max(1, min(65535, round(65536 / (1 + 2 ** (-x / 128)))))


class RangeDecoder:
    def __init__(self, data):
        self.data, self.at = data, 0
        self.range = MASK
        self.value = self.word() << 32 | self.word()

    def word(self):
        word = self.data[self.at : self.at + 4].ljust(4, b"\0")
        self.at += 4
        return int.from_bytes(word, "big")

    def renormalise(self):
        if self.range < 1 << 32:
            self.value = self.value << 32 | self.word()
            self.range <<= 32

    def bit(self, p1):
        bound = (self.range >> 16) * p1
        if self.value < bound:
            self.range, bit = bound, 1
        else:
            self.range, self.value, bit = self.range - bound, self.value - bound, 0
        self.renormalise()
        return bit

    def field(self, n):
        self.range >>= n
        x = min(self.value // self.range, (1 << n) - 1)
        self.value -= x * self.range
        self.renormalise()
        return x


class AdaptiveBit:
    def __init__(self, start, count):
        self.p, self.n = start << 6, count

    def decode(self, decoder, limit):
        bit = decoder.bit(max(32, min(65504, self.p >> 6)))
        rate = 131072 // (2 * self.n + 3)
        self.p += (((1 << 22) - 1 if bit else 0) - self.p) * rate >> 16
        if self.n < limit:
            self.n += 1
        return bit


# ---- wavelet.md, section 1 -------------------------------------------------------------------------


class Header:
    def __init__(self, data, shape):
        head = Bytes(data)
        flags = head.byte()
        require(flags <= 3, "unknown flags")
        self.lossless, self.mixed = bool(flags & 1), bool(flags & 2)
        byte = head.byte()
        self.levels, self.groups = byte & 15, byte >> 4
        self.planes, self.layers = head.byte(), head.byte()
        require(self.groups >= 1 and self.planes <= 30, "groups or bit-planes")
        require(1 <= self.layers <= max(self.planes, 1), "layers")
        self.tile_width = head.byte() * 64 or shape.width
        self.tile_height = head.byte() * 64 or shape.height
        if not self.lossless:
            mantissa, exponent = head.byte(), head.byte()
            require(exponent <= 60, "exponent of the step")
            self.step = f32((256 + mantissa) * 2.0 ** (exponent - 24))
            self.offsets = [head.byte() for _ in range(3)]
            if self.mixed:
                self.quaternion = struct.unpack("4b", head.take(4))
                require(any(self.quaternion), "quaternion of length 0")
        require(head.at == len(data), "length of the header")
        require(not self.mixed or shape.is_rgb, "mixed planes that are not RGB")


# ---- sections 2 and 4: bands and their state -------------------------------------------------------

TABLES = {"significance": 4608, "block": 3840, "superblock": 90, "band": 4, "sign": 702, "refine": 48}
LIMIT, PRIOR_COUNT = 250, 10
ENERGY = (1, 3, 5, 7, 9, 12, 15, 19, 24, 30, 38, 50, 70, 100, 160)
PARENT = (1, 2, 3, 5, 8)
SIBLING = (1, 2, 4, 7)
RING = (1, 2, 4, 7, 12, 20, 40)

NORM_97 = (
    (0.98295, 1.01129, 1.04044),
    (1.0306, 0.99841, 0.96722),
    (1.05209, 1.04584, 1.03963),
    (1.05847, 1.06676, 1.07512),
    (1.06015, 1.07292, 1.08584),
    (1.06058, 1.07454, 1.08868),
    (1.06069, 1.07495, 1.0894),
    (1.06072, 1.07505, 1.08958),
)
SHIFTS = ((1, 1, 0), (2, 1, 0), (3, 2, 1), (4, 3, 2), (5, 4, 3), (6, 5, 4), (7, 6, 5), (8, 7, 6))
LUMA_SHIFTS = ((2, 1, 1), (3, 2, 1), (4, 3, 2), (5, 4, 3), (6, 5, 4), (7, 6, 5), (8, 7, 6), (9, 8, 7))


def classify(limits, value):
    return sum(limit <= value for limit in limits)


def by_level(table, level, kind):
    return table[min(level, 8) - 1][kind]


class Band:
    def __init__(self, component, level, name, size):
        self.component, self.level, self.name = component, level, name
        self.kind = {"LL": 0, "HL": 1, "LH": 1, "HH": 2}[name]
        self.width, self.height = size
        self.blocks = (-(-self.width // 4), -(-self.height // 4))
        self.superblocks = (-(-self.blocks[0] // 4), -(-self.blocks[1] // 4))
        self.parent, self.siblings, self.shift = None, [], 0
        self.active, self.active_blocks, self.active_superblocks = False, set(), set()
        # By (x, y); what is not there is 0.
        self.magnitude, self.sign, self.scaled = {}, {}, {}

    def sum(self, places):
        return sum(self.scaled.get(place, 0) for place in places)


def square(x, y, side):
    return [(x + i, y + j) for j in range(side) for i in range(side)]


def make_bands(header, shape, width, height):
    """The bands of a tile: for each component a list in band order."""
    sizes = [(width, height)]
    for _ in range(header.levels):
        w, h = sizes[-1]
        sizes.append((-(-w // 2), -(-h // 2)))
    components = []
    for component in range(shape.planes):
        bands = [Band(component, header.levels, "LL", sizes[-1])]
        for level in range(header.levels, 0, -1):
            w, h = sizes[level - 1]
            low_w, low_h = sizes[level]
            bands.append(Band(component, level, "HL", (w - low_w, low_h)))
            bands.append(Band(component, level, "LH", (low_w, h - low_h)))
            bands.append(Band(component, level, "HH", (w - low_w, h - low_h)))
        for index, band in enumerate(bands):
            if index > 3:
                band.parent = bands[index - 3]
            related = range(component - 1, max(component - 3, -1), -1) if shape.is_rgb else []
            if related:
                band.siblings = [components[other][index] for other in related]
            elif band.name == "LH":
                band.siblings = [bands[index - 1]]
            elif band.name == "HH":
                band.siblings = [bands[index - 2], bands[index - 1]]
            if header.lossless:
                luma = header.mixed and component == 0
                if header.levels == 0:
                    band.shift = int(luma)
                else:
                    band.shift = by_level(LUMA_SHIFTS if luma else SHIFTS, band.level, band.kind)
        components.append(bands)
    return components


# ---- sections 3 and 4: the walk --------------------------------------------------------------------


class Stream:
    """The code and the probabilities of one resolution group of one tile."""

    def __init__(self, data, group, groups, priors):
        self.decoder = RangeDecoder(data)
        count = sum(TABLES.values())
        kind = max(0, 2 - (groups - 1 - group))
        at = kind * count
        self.tables = {}
        for name, size in TABLES.items():
            starts = struct.unpack(f"{size}b", priors[at : at + size])
            self.tables[name] = [AdaptiveBit(squash(16 * b), PRIOR_COUNT) for b in starts]
            at += size

    def decide(self, table, context):
        return self.tables[table][context].decode(self.decoder, LIMIT)


class Pass:
    """One plane of one band."""

    def __init__(self, stream, band, plane):
        self.stream, self.band, self.plane = stream, band, plane
        self.later = int(band.component > 0)
        self.lk = 3 * self.later + band.kind

    def run(self):
        band = self.band
        if not band.active:
            band.active = self.stream.decide("band", 2 * self.later + (band.kind > 0)) == 1
            if not band.active:
                return
        for place, scaled in band.scaled.items():
            band.scaled[place] = 2 * min(scaled, 15)
        for sy in range(band.superblocks[1]):
            for sx in range(band.superblocks[0]):
                self.superblock(sx, sy)

    def superblock(self, sx, sy):
        band = self.band
        if (sx, sy) not in band.active_superblocks:
            near = ((sx - 1, sy), (sx + 1, sy), (sx, sy - 1), (sx, sy + 1))
            n = sum(place in band.active_superblocks for place in near)
            a = self.superblock_state(band.parent, sx // 2, sy // 2)
            b = self.superblock_state(band.siblings[0] if band.siblings else None, sx, sy)
            if not self.stream.decide("superblock", ((5 * self.later + n) * 3 + a) * 3 + b):
                return
            band.active_superblocks.add((sx, sy))
        for by in range(4 * sy, min(4 * sy + 4, band.blocks[1])):
            for bx in range(4 * sx, min(4 * sx + 4, band.blocks[0])):
                self.block(bx, by)

    def superblock_state(self, other, x, y):
        if other is None:
            return 2
        place = (min(x, other.superblocks[0] - 1), min(y, other.superblocks[1] - 1))
        return int(place in other.active_superblocks)

    def block(self, bx, by):
        band, waiting = self.band, False
        if (bx, by) not in band.active_blocks:
            if not self.stream.decide("block", self.block_context(bx, by)):
                return
            band.active_blocks.add((bx, by))
            waiting = True
        right, bottom = min(4 * bx + 4, band.width), min(4 * by + 4, band.height)
        for y in range(4 * by, bottom):
            for x in range(4 * bx, right):
                if band.scaled.get((x, y), 0):
                    bit = self.stream.decide("refine", self.refine_context(x, y))
                    band.scaled[x, y] += bit
                    band.magnitude[x, y] |= bit << self.plane
                    continue
                if waiting and (x, y) == (right - 1, bottom - 1):
                    significant = 1
                else:
                    w = (1 if y - 4 * by < 2 else 2) if waiting else 0
                    context = self.significance_context(x, y) * 3 + w
                    significant = self.stream.decide("significance", context)
                if significant:
                    waiting = False
                    band.magnitude[x, y] = 1 << self.plane
                    band.sign[x, y] = self.read_sign(x, y)
                    band.scaled[x, y] = 1

    def block_context(self, bx, by):
        band, x, y = self.band, 4 * bx, 4 * by
        inner = square(x, y, 4)
        r = band.sum(square(x - 1, y - 1, 6)) - band.sum(inner)
        q = band.parent.sum(square(x // 2, y // 2, 2)) if band.parent else 0
        t = sum(sibling.sum(inner) for sibling in band.siblings)
        active = band.active_blocks
        direct = sum((bx + i, by + j) in active for i, j in ((0, -1), (-1, 0), (1, 0), (0, 1)))
        diagonal = sum((bx + i, by + j) in active for i in (-1, 1) for j in (-1, 1))
        f = min(-(-(2 * direct + diagonal) // 3), 4)
        parent = min(classify(PARENT, min(q, 127)), 3)
        context = (8 * self.lk + classify(RING, r)) * 4 + parent
        return (context * 4 + classify(RING, t) // 2) * 5 + f

    def neighbours(self, x, y):
        get = self.band.scaled.get
        h = get((x - 1, y), 0) + get((x + 1, y), 0)
        v = get((x, y - 1), 0) + get((x, y + 1), 0)
        d = sum(get((x + i, y + j), 0) for i in (-1, 1) for j in (-1, 1))
        return h, v, d

    def along_across(self, h, v):
        return (v, h) if self.band.name == "HL" else (h, v)

    def significance_context(self, x, y):
        band = self.band
        h, v, d = self.neighbours(x, y)
        along, across = self.along_across(h, v)
        energy = classify(ENERGY, (4 * along + 3 * across + 2 * d) >> 1)
        q = band.parent.scaled.get((x // 2, y // 2), 0) if band.parent else 0
        t = sum(sibling.sum([(x, y)]) for sibling in band.siblings)
        u = sum(sibling.sum([(x - 1, y), (x + 1, y)]) for sibling in band.siblings)
        s = min(classify(SIBLING, t) + -(-classify(SIBLING, u) // 2), 3)
        return ((16 * self.lk + energy) * 4 + min(classify(PARENT, q), 3)) * 4 + s

    def refine_context(self, x, y):
        h, v, d = self.neighbours(x, y)
        o = self.band.scaled[x, y].bit_length() - 1
        near = classify(SIBLING, (2 * (h + v) + d) >> (o + 2))
        return (4 * self.later + min(o - 1, 3)) * 6 + near

    def read_sign(self, x, y):
        get = self.band.sign.get
        h = get((x - 1, y), 0) + get((x + 1, y), 0)
        v = get((x, y - 1), 0) + get((x, y + 1), 0)
        along, across = self.along_across(h, v)
        c = 5 * along + across
        g = 0
        if self.later and self.band.siblings:
            g = self.band.siblings[0].sign.get((x, y), 0)
        if c < 0:
            g = -g
        bit = self.stream.decide("sign", (13 * self.lk + abs(c)) * 3 + g + 1)
        return -1 if bit != (c < 0) else 1


def walk_tile(header, components, sections, tile, priors):
    streams = []
    for group in range(header.groups):
        layers = range(header.layers)
        data = b"".join(sections[tile, layer * header.groups + group] for layer in layers)
        streams.append(Stream(data, group, header.groups, priors))
    planes = streams[0].decoder.field(5)
    require(planes <= header.planes, "bit-planes of a tile")
    for plane in range(planes - 1, -1, -1):
        for group, stream in enumerate(streams):
            for bands in components:
                for band in bands:
                    own = 0 if band.name == "LL" else max(header.groups - band.level, 0)
                    if own == group and plane >= band.shift:
                        Pass(stream, band, plane - band.shift).run()


# ---- sections 5 to 7: reconstruction ---------------------------------------------------------------


def lossy_rows(header, band, bits):
    norm = 1.0 if header.levels == 0 else f32(by_level(NORM_97, band.level, band.kind))
    delta = f32(f32(header.step * f32(((1 << bits) - 1) / 255)) / norm)
    rows = [[0.0] * band.width for _ in range(band.height)]
    for (x, y), m in band.magnitude.items():
        offset = f32(header.offsets[min(m, 3) - 1] / 256)
        value = f32(f32(f32(m) - offset) * delta)
        rows[y][x] = -value if band.sign[x, y] < 0 else value
    return rows


def lossless_rows(header, band, bits):
    rows = [[0] * band.width for _ in range(band.height)]
    for (x, y), m in band.magnitude.items():
        rows[y][x] = m * band.sign[x, y]
    return rows


def lift(line, parity, step):
    for i in range(parity, len(line), 2):
        left = line[i - 1] if i > 0 else line[i + 1]
        right = line[i + 1] if i + 1 < len(line) else line[i - 1]
        line[i] = step(line[i], left, right)


def add_scaled(factor):
    return lambda x, left, right: f32(x + f32(factor * f32(left + right)))


STEPS_97 = (
    (0, add_scaled(f32(-0.44350685))),
    (1, add_scaled(f32(-0.8829111))),
    (0, add_scaled(f32(0.05298012))),
    (1, add_scaled(f32(1.5861343))),
)
STEPS_53 = (
    (0, lambda x, left, right: x - ((left + right + 2) >> 2)),
    (1, lambda x, left, right: x + ((left + right) >> 1)),
)


def scale(rows, factor):
    return [[f32(value * factor) for value in row] for row in rows]


def synthesise_level(low, hl, lh, hh, size, lossless):
    width, height = size
    if not lossless:
        for side in size:
            if side == 1:
                low = scale(low, f32(1 / f32(1.2301741)))
        low = scale(low, f32(0.7566642))
        hh = scale(hh, f32(1.3215902))
    rows = []
    for y in range(height):
        left, right = (low[y // 2], hl[y // 2]) if y % 2 == 0 else (lh[y // 2], hh[y // 2])
        row = [None] * width
        row[0::2], row[1::2] = left, right
        rows.append(row)
    steps = STEPS_53 if lossless else STEPS_97
    if width > 1:
        for row in rows:
            for parity, step in steps:
                lift(row, parity, step)
    if height > 1:
        for x in range(width):
            column = [row[x] for row in rows]
            for parity, step in steps:
                lift(column, parity, step)
            for y in range(height):
                rows[y][x] = column[y]
    return rows


def synthesise(header, bands, bits, size):
    make_rows = lossless_rows if header.lossless else lossy_rows
    sizes = [size]
    for _ in range(header.levels):
        w, h = sizes[-1]
        sizes.append((-(-w // 2), -(-h // 2)))
    plane = make_rows(header, bands[0], bits)
    for index in range(1, len(bands), 3):
        level = bands[index].level
        high = [make_rows(header, band, bits) for band in bands[index : index + 3]]
        plane = synthesise_level(plane, *high, sizes[level - 1], header.lossless)
    return plane


def unmix_lossless(y, co, cg):
    t = y - (cg >> 1)
    green = cg + t
    blue = t - (co >> 1)
    return blue + co, green, blue


def rotation_matrix(quaternion):
    w, x, y, z = quaternion
    t = f32(2 / (w * w + x * x + y * y + z * z))
    one = lambda v: f32(1 - f32(t * v))
    two = lambda v: f32(t * v)
    return (
        (one(y * y + z * z), two(x * y - w * z), two(x * z + w * y)),
        (two(x * y + w * z), one(x * x + z * z), two(y * z - w * x)),
        (two(x * z - w * y), two(y * z + w * x), one(x * x + y * y)),
    )


def unmix_lossy(m, c0, c1, c2):
    return tuple(
        f32(f32(f32(m[0][i] * c0) + f32(m[1][i] * c1)) + f32(m[2][i] * c2)) for i in range(3)
    )


def decode_tile(header, shape, sections, tile, size, priors):
    """The tile's planes, as rows of samples."""
    components = make_bands(header, shape, *size)
    walk_tile(header, components, sections, tile, priors)
    planes = [synthesise(header, bands, shape.bits, size) for bands in components]
    width, height = size
    if header.mixed:
        matrix = None if header.lossless else rotation_matrix(header.quaternion)
        for y in range(height):
            for x in range(width):
                values = [plane[y][x] for plane in planes]
                values = unmix_lossless(*values) if header.lossless else unmix_lossy(matrix, *values)
                for plane, value in zip(planes, values):
                    plane[y][x] = value
    middle, top = 1 << (shape.bits - 1), (1 << shape.bits) - 1

    def sample(value):
        if not header.lossless:
            value = f32(f32(value + middle) + 0.5)
        else:
            value += middle
        return int(max(0, min(top, value)))

    return [[[sample(value) for value in row] for row in plane] for plane in planes]


def decode(data, priors):
    head, sections = read_chunks(data)
    head = Bytes(head)
    shape = Shape(head)
    header = Header(head.data[head.at :], shape)
    planes = [[[0] * shape.width for _ in range(shape.height)] for _ in range(shape.planes)]
    tile = 0
    for top in range(0, shape.height, header.tile_height):
        for left in range(0, shape.width, header.tile_width):
            size = (
                min(header.tile_width, shape.width - left),
                min(header.tile_height, shape.height - top),
            )
            decoded = decode_tile(header, shape, sections, tile, size, priors)
            for plane, part in zip(planes, decoded):
                for y, row in enumerate(part):
                    plane[top + y][left : left + size[0]] = row
            tile += 1
    return shape, planes


def pnm(shape, planes):
    top = (1 << shape.bits) - 1
    header = f"{'P6' if shape.is_rgb else 'P5'}\n{shape.width} {shape.height}\n{top}\n"
    size = 1 if top < 256 else 2
    out = bytearray(header.encode())
    for y in range(shape.height):
        for x in range(shape.width):
            for plane in planes:
                out += plane[y][x].to_bytes(size, "big")
    return bytes(out)


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: reader.py IN.tin OUT.ppm")
    try:
        shape, planes = decode(Path(sys.argv[1]).read_bytes(), PRIORS.read_bytes())
    except FormatError as error:
        sys.exit(f"{sys.argv[1]}: {error}")
    Path(sys.argv[2]).write_bytes(pnm(shape, planes))


if __name__ == "__main__":
    main()
