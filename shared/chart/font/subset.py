"""Makes the fonts of this folder out of Inter's; see README.md."""

import sys

from fontTools.subset import Options, Subsetter, parse_unicodes
from fontTools.ttLib import TTFont

CHARACTERS = (
    "20-7E,A0-17F,400-45F,490-491,"  # Latin, Cyrillic
    "2009,2010-2015,2018-201E,2020-2022,2026,202F,2030,2032-2033,2039-203A,"  # punctuation
    "20AC,20BD,2116,2122,2190-2193,2212,2248,2264-2265"  # currencies, №, ™, arrows, signs
)


def subset(source: str, target: str) -> None:
    font = TTFont(source)
    # Digits of equal width, so that numbers below one another are in line and a thin space after a 1 is seen.
    names = font.getBestCmap()
    for digit in "0123456789":
        name = names[ord(digit)]
        for table in font["cmap"].tables:
            if ord(digit) in table.cmap:
                table.cmap[ord(digit)] = f"{name}.tf"
    # A plain box in place of one with letters in it: many titles have emoji.
    box = names[ord("□")]
    font["glyf"][".notdef"], font["hmtx"][".notdef"] = font["glyf"][box], font["hmtx"][box]
    options = Options(
        layout_features=[], hinting=False, notdef_outline=True, name_IDs=[0, 1, 2, 3, 4, 5, 6, 13, 14, 16, 17]
    )
    # The width of a text is the sum of its characters' widths.
    options.drop_tables += ["GDEF", "GPOS", "GSUB"]
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=parse_unicodes(CHARACTERS))
    subsetter.subset(font)
    font.flavor = None
    font.save(target)


if __name__ == "__main__":
    subset(*sys.argv[1:])
