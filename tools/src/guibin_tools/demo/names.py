"""Chinese names of people and companies, and the slips that people make when they type them."""

from random import Random

from guibin_tools.demo.dice import Urn, chance, pick

_SURNAMES = Urn(
    ("王", 715), ("李", 720), ("张", 683), ("刘", 538), ("陈", 453), ("杨", 308), ("赵", 229), ("黄", 223),
    ("周", 212), ("吴", 205), ("徐", 167), ("孙", 154), ("胡", 131), ("朱", 126), ("高", 121), ("林", 118),
    ("何", 117), ("郭", 115), ("马", 129), ("罗", 86), ("梁", 84), ("宋", 81), ("郑", 78), ("谢", 72),
    ("韩", 68), ("唐", 65), ("冯", 64), ("于", 62), ("董", 61), ("萧", 59), ("程", 57), ("曹", 57),
    ("袁", 54), ("邓", 54), ("许", 54), ("傅", 51), ("沈", 50), ("曾", 50), ("彭", 49), ("吕", 47),
    ("苏", 46), ("卢", 46), ("蒋", 45), ("蔡", 44), ("贾", 42), ("丁", 41), ("魏", 41), ("薛", 40),
    ("叶", 40), ("阎", 39), ("余", 38), ("潘", 37), ("杜", 37), ("戴", 35), ("夏", 35), ("钟", 35),
    ("汪", 34), ("田", 34), ("任", 34), ("姜", 33), ("范", 33), ("方", 32), ("石", 31), ("姚", 31),
    ("欧阳", 9), ("上官", 3), ("司马", 2), ("诸葛", 2), ("慕容", 1), ("皇甫", 1), ("司徒", 2), ("令狐", 1),
)  # fmt: skip
"""Surnames with their rough frequency per ten thousand people; the last ones are compound."""

_WOMEN = "芳娜敏静丽艳娟霞秀玲燕萍红梅兰英慧婷雪琳莹洁佳颖欣悦璐怡蕾薇倩妍彤瑶晴"
_MEN = "伟强磊军勇杰涛明超刚平辉鹏飞斌波宇浩凯健俊峰志建国华文博豪毅航泽轩睿晨"
_BOTH = "子思雨嘉文晓一亦宁安乐书清海春小永家梓若可心言"

SLIPS = {
    "伟": "玮", "丽": "莉", "军": "君", "静": "婧", "强": "墙", "芳": "方", "敏": "闵", "娟": "鹃", "杰": "洁",
    "涛": "滔", "明": "铭", "超": "朝", "辉": "晖", "燕": "艳", "玲": "铃", "红": "虹", "梅": "玫", "英": "瑛",
    "华": "骅", "建": "健", "文": "雯", "宇": "雨", "浩": "昊", "俊": "骏", "峰": "锋", "志": "智", "国": "果",
    "平": "萍", "婷": "亭", "洁": "杰", "佳": "嘉", "嘉": "佳", "欣": "新", "悦": "越", "子": "梓", "思": "斯",
}  # fmt: skip
"""What is typed for a character that sounds the same."""

_TRADES = ("商贸", "机械", "食品", "建材", "物流", "服饰", "电子", "农业科技", "餐饮管理", "文化传播", "园林", "五金")
_WORDS = ("恒源", "瑞丰", "同和", "鼎盛", "百川", "聚美", "华茂", "金穗", "长青", "泰安", "宏远", "新禾", "德润")


def person_name(rng: Random, *, male: bool) -> str:
    """Make a name: a surname by its frequency, then one or (mostly) two characters."""
    surname = _SURNAMES.draw(rng)
    own = _MEN if male else _WOMEN
    last = pick(rng, own)
    if chance(rng, 15):
        return surname + last
    return surname + pick(rng, _BOTH if chance(rng, 50) else own) + last


def company_name(rng: Random, city_zh: str) -> str:
    """Make a company's name from its city, a fanciful word and a trade."""
    return f"{city_zh}{pick(rng, _WORDS)}{pick(rng, _WORDS)}{pick(rng, _TRADES)}有限公司"


def mistyped(name: str) -> str:
    """Return the name as somebody typed it wrongly: another character with the same sound, else the last one twice."""
    for position in range(len(name) - 1, 0, -1):
        slip = SLIPS.get(name[position])
        if slip:
            return name[:position] + slip + name[position + 1 :]
    return name + name[-1]
