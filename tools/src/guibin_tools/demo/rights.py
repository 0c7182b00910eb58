"""The demo bank's catalogue: thirty-three rights over seven categories, priced so that each tier can afford some.

Rights of the `service` wallet are services alone; rights of the `reward` wallet may be goods and coupons. In the
service wallet nothing that the lowest tier may have costs more than 50 points.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

Prices = tuple[tuple[str | None, int], ...]

_CODE_CHARACTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_CODE_LENGTH = 12

CANCEL_HOURS = 24
"""For so long the demo bank's customers may cancel what they redeemed."""

APPOINTMENT = {"lead_hours": 4, "cancel_hours": 24, "change_hours": 24, "no_show": "kept"}
SLOT_DAYS, SLOT_HOURS, SLOT_CAPACITY = 30, (9, 10), 6
"""When the demo bank's rights by appointment are served, and for how many people at once."""


@dataclass(frozen=True, slots=True)
class RightData:
    """A right (权益) as the catalogue takes it.

    `prices` are tried in order, None fits everyone; `quotas` are free times a year per tier; `stock` is the number of
    units or of codes in the pool, None where it is unlimited; `limit` is the most that one customer takes in
    a period; `sale_days` are days from the business date to the first and the last day of sale; `guests` are how many
    a tier may bring, each at the price of the unit; `beneficiary` says whether somebody else may be served; `places`
    are city and name of the places that serve it by appointment; `value_fen` is what each code is good for, in parts;
    `released_daily` are the time and the number of units that come on offer each day from the day before the business
    date on; `substitutes` are the codes of what customers have where it cannot be delivered, and what each may cost;
    `money` is what a unit costs in CNY beside its points.
    """

    code: str
    category: str
    name_zh: str
    name_en: str
    description_zh: str
    description_en: str
    wallet: str
    fulfilment: str
    stock_mode: str
    prices: Prices
    stock: int | None = None
    minimum_tier: str | None = None
    quotas: tuple[tuple[str, int], ...] = ()
    limit: tuple[int, str] | None = None
    sale_days: tuple[int, int] | None = None
    guests: tuple[tuple[str, int], ...] = ()
    beneficiary: bool = False
    labels: tuple[str, ...] = ()
    featured: bool = False
    places: tuple[tuple[str, str], ...] = ()
    value_fen: int | None = None
    released_daily: tuple[str, int] | None = None
    substitutes: tuple[tuple[str, str], ...] = ()
    money: str | None = None

    def offer(self, business_date: date) -> dict[str, object]:
        """Return the terms that not every right has, in the form in which they are approved."""
        most = [{"tier": tier, "guests": guests} for tier, guests in self.guests]
        companions: dict[str, object] = {"companions": {"most": most}} if most else {}
        beneficiary: dict[str, object] = {"beneficiary": "allowed"} if self.beneficiary else {}
        ending: dict[str, object] = {"appointment": APPOINTMENT} if self.places else {"cancel_hours": CANCEL_HOURS}
        named = [{"right": code, "price": price} for code, price in self.substitutes]
        instead: dict[str, object] = {"substitutes": named} if named else {}
        return {**ending, **companions, **beneficiary, **self._release_plan(business_date), **instead}

    def _release_plan(self, business_date: date) -> dict[str, object]:
        if self.released_daily is None:
            return {}
        at, units = self.released_daily
        daily = {"at": at, "units": units, "first_day": (business_date - timedelta(days=1)).isoformat()}
        return {"release_plan": {"lines": [{"code": "daily", "daily": daily}]}}

    def slots(self, business_date: date) -> Iterator[tuple[str, str, date, int]]:
        """Yield city, place, day and hour of the slots of an hour: two in the morning of each of the next 30 days."""
        for city, place in self.places:
            for days in range(1, SLOT_DAYS + 1):
                for hour in SLOT_HOURS:
                    yield city, place, business_date + timedelta(days=days), hour

    def sale_window(self, business_date: date) -> tuple[date, date] | None:
        """Return the first and the last day of sale, None when it is always on sale."""
        if self.sale_days is None:
            return None
        first, last = self.sale_days
        return business_date + timedelta(days=first), business_date + timedelta(days=last)

    def voucher_codes(self, seed: int) -> Iterator[str]:
        """Yield the pool's codes, distinct within the right; none unless its stock is a pool of codes."""
        rng, seen = Random(f"{seed}/{self.code}"), set[str]()  # noqa: S311 - codes of a demo open nothing
        while self.stock_mode == "codes" and len(seen) < (self.stock or 0):
            code = "".join(rng.choices(_CODE_CHARACTERS, k=_CODE_LENGTH))
            if code not in seen:
                seen.add(code)
                yield code


def _all(points: int) -> Prices:
    return ((None, points),)


def _cheaper_above(points: int, top: int) -> Prices:
    return (("T4", top), ("T5", top), (None, points))


@dataclass(frozen=True, slots=True)
class PackageData:
    """A package: how many of its rights a customer of each tier chooses for a month, and the units of each right."""

    code: str
    name_zh: str
    name_en: str
    choose: tuple[tuple[str, int], ...]
    units: tuple[tuple[str, int], ...]


PACKAGES: tuple[PackageData, ...] = (
    PackageData(
        "monthly_choice",
        "月度礼遇三选",
        "Choices of the month",
        (("T2", 1), ("T3", 1), ("T4", 2), ("T5", 2)),
        (("rail_lounge", 1), ("coffee", 2), ("dental_cleaning", 1)),
    ),
)

RIGHTS: tuple[RightData, ...] = (
    RightData(
        "airport_lounge", "travel", "机场贵宾厅", "Airport lounge",
        "国内主要机场贵宾休息室一次", "One visit to the lounge of a large domestic airport",
        "service", "code", "codes", _all(100), 600, "T1",
        (("T2", 2), ("T3", 4), ("T4", 6), ("T5", 12)), (24, "year"),
        guests=(("T3", 1), ("T4", 2), ("T5", 2)), labels=("出行",), featured=True,
    ),
    RightData(
        "rail_lounge", "travel", "高铁贵宾厅", "Railway lounge",
        "高铁站贵宾候车室一次", "One visit to the lounge of a high-speed railway station",
        "service", "code", "codes", (("T0", 50), (None, 40)), 400, "T0", (("T2", 2), ("T3", 4), ("T4", 6), ("T5", 6)),
    ),
    RightData(
        "airport_transfer", "travel", "机场接送", "Airport transfer",
        "市区与机场之间专车一次", "One ride by private car between the city and the airport",
        "service", "instruction", "unlimited", _all(200), None, "T3", (("T4", 2), ("T5", 4)), (12, "year"),
    ),
    RightData(
        "taxi_30", "travel", "打车券30元", "Taxi voucher of 30 CNY",
        "网约车立减30元", "30 CNY off a ride that is hailed by app",
        "reward", "code", "codes", _all(320), 300, None, (), (4, "month"),
    ),
    RightData(
        "hotel_upgrade", "travel", "酒店房型升级", "Hotel upgrade",
        "合作酒店房型升级一晚", "One night in the next better room of a partner hotel",
        "service", "instruction", "unlimited", _cheaper_above(150, 120), None, "T2", (), (6, "year"),
    ),
    RightData(
        "supermarket_50", "shopping", "超市券50元", "Supermarket voucher of 50 CNY",
        "合作超市通用", "Valid in every partner supermarket",
        "reward", "code", "codes", _cheaper_above(500, 450), 500, None, (), (2, "month"), value_fen=50_00,
    ),
    RightData(
        "coffee", "shopping", "咖啡兑换券", "A cup of coffee",
        "中杯美式或拿铁一杯", "One medium americano or latte",
        "reward", "code", "codes", _all(120), 600, None, (), (8, "month"),
    ),
    RightData(
        "rice_and_oil", "shopping", "米油礼包", "Rice and oil",
        "大米5公斤和食用油1.8升", "5 kg of rice and 1.8 l of cooking oil, at the branch",
        "reward", "hand_out", "counted", _all(700), 300, None, (), (4, "year"),
    ),
    RightData(
        "thermos", "shopping", "保温杯", "Thermos flask",
        "网点领取", "Handed out at the branch",
        "reward", "hand_out", "counted", _all(400), 200, None, (), (1, "year"),
    ),
    RightData(
        "tea_set", "shopping", "青瓷茶具", "Celadon tea set",
        "龙泉青瓷茶具一套", "A tea set of Longquan celadon",
        "reward", "hand_out", "counted", _cheaper_above(1500, 1200), 60, "T1", (), (1, "year"), (30, 120),
    ),
    RightData(
        "silk_scarf", "shopping", "真丝围巾", "Silk scarf",
        "苏杭真丝围巾一条，积分加现金", "A silk scarf, for points and money together",
        "reward", "hand_out", "counted", _cheaper_above(800, 700), 40, None, (), (2, "year"),
        money="66.00",
    ),
    RightData(
        "online_shop_100", "shopping", "电商券100元", "Online shopping voucher of 100 CNY",
        "线上商城通用", "Valid in the online shop",
        "reward", "code", "codes", _cheaper_above(1000, 900), 300, None, (), (1, "month"),
    ),
    RightData(
        "mobile_top_up_30", "shopping", "话费充值30元", "Phone credit of 30 CNY",
        "充值到指定手机号", "Credited to the mobile number that you name",
        "reward", "top_up", "unlimited", _all(300), None, None, (), (2, "month"),
        substitutes=(("coffee", "not_above"), ("supermarket_50", "capped")),
    ),
    RightData(
        "tea_gift_box", "shopping", "茶叶礼盒", "Box of tea",
        "快递到家", "Sent to your address",
        "reward", "parcel", "unlimited", _all(900), None, None, (), (2, "year"),
        substitutes=(("rice_and_oil", "not_above"), ("thermos", "not_above")),
    ),
    RightData(
        "health_check", "health", "贵宾体检", "Health check",
        "三甲医院体检中心一次", "One check-up at the centre of a first-class hospital",
        "service", "instruction", "unlimited", _all(400), None, "T2", (("T3", 1), ("T4", 1), ("T5", 2)), (4, "year"),
        beneficiary=True, labels=("健康",), featured=True,
        places=(("310100", "浦东体检中心"), ("320100", "鼓楼体检中心")),
    ),
    RightData(
        "gym_pass", "health", "健身次卡", "Gym pass",
        "合作健身房三次", "Three visits to a partner gym",
        "reward", "code", "codes", _all(350), 200, None, (), (2, "month"),
    ),
    RightData(
        "dental_cleaning", "health", "洁牙服务", "Dental cleaning",
        "合作口腔门诊一次", "One visit to a partner dentist",
        "service", "code", "codes", _all(120), 200, "T1", (("T4", 1), ("T5", 2)), (2, "year"),
    ),
    RightData(
        "herbal_consultation", "health", "中医养生咨询", "Herbal medicine consultation",
        "名中医门诊咨询一次", "One consultation with a physician of Chinese medicine",
        "service", "instruction", "unlimited", _all(80), None, "T1", (), (4, "year"),
    ),
    RightData(
        "specialist_appointment", "medical", "专家门诊预约", "Appointment with a specialist",
        "三甲医院专家号预约", "An appointment at a first-class hospital",
        "service", "instruction", "unlimited", _all(100), None, "T1", (("T3", 1), ("T4", 2), ("T5", 4)), (6, "year"),
        places=(("310100", "第一人民医院"),),
    ),
    RightData(
        "hospital_escort", "medical", "就医绿色通道", "Hospital escort",
        "全程陪诊和住院协调", "Somebody at one's side through a stay in hospital",
        "service", "instruction", "unlimited", _all(300), None, "T4", (("T4", 1), ("T5", 2)), (4, "year"),
    ),
    RightData(
        "online_doctor", "medical", "在线问诊", "Online doctor",
        "图文问诊一次", "One consultation by text and picture",
        "reward", "code", "codes", _all(150), 300, None, (), (4, "month"),
    ),
    RightData(
        "pharmacy_50", "medical", "药店券50元", "Pharmacy voucher of 50 CNY",
        "连锁药店通用", "Valid in every shop of the chain",
        "reward", "code", "codes", _cheaper_above(500, 450), 300, None, (), (2, "month"),
    ),
    RightData(
        "book_voucher", "education", "图书券30元", "Book voucher of 30 CNY",
        "实体书店通用", "Valid in partner book shops",
        "reward", "code", "codes", _all(300), 300, None, (), (2, "month"),
    ),
    RightData(
        "family_finance_class", "education", "亲子财商课", "Finance class for families",
        "网点周末课程一次", "One weekend class at the branch",
        "service", "hand_out", "counted", _all(30), 120, "T0",
        (("T2", 1), ("T3", 1), ("T4", 2), ("T5", 2)), (4, "year"),
    ),
    RightData(
        "study_abroad_advice", "education", "留学规划咨询", "Advice on studying abroad",
        "一对一咨询一次", "One personal session",
        "service", "instruction", "unlimited", _all(150), None, "T3", (), (2, "year"),
    ),
    RightData(
        "online_course", "education", "在线课程月卡", "Online courses for a month",
        "平台课程30天", "All courses of the platform for 30 days",
        "reward", "code", "codes", _all(400), 200, None, (), (1, "month"),
    ),
    RightData(
        "concert_ticket", "social", "音乐会门票", "Concert ticket",
        "城市交响乐团音乐会一张", "One seat at a concert of the city's orchestra",
        "reward", "hand_out", "counted", _cheaper_above(2000, 1600), 20, "T2", (), (2, "year"), (-30, 60),
    ),
    RightData(
        "tea_salon", "social", "茶艺沙龙", "Tea salon",
        "贵宾茶艺沙龙一席", "One seat at a salon for VIP customers",
        "service", "hand_out", "counted", _all(60), 40, "T1", (("T3", 1), ("T4", 2), ("T5", 2)), (2, "year"), (-10, 50),
        released_daily=("10:00", 5),
    ),
    RightData(
        "cinema_ticket", "social", "电影票", "Cinema ticket",
        "全国影院通兑一张", "One seat in any partner cinema",
        "reward", "code", "codes", _all(260), 500, None, (), (2, "month"),
    ),
    RightData(
        "video_month", "social", "视频会员月卡", "A month of video streaming",
        "会员激活码一个", "One code that opens a month of membership",
        "reward", "order", "unlimited", _all(200), None, None, (), (2, "month"),
        substitutes=(("cinema_ticket", "capped"),),
    ),
    RightData(
        "birthday_flowers", "social", "生日鲜花", "Birthday flowers",
        "同城配送", "Delivered within the city",
        "reward", "instruction", "unlimited", _all(800), None, "T1", (("T3", 1), ("T4", 1), ("T5", 1)), (1, "year"),
    ),
    RightData(
        "transfer_fee_waiver", "finance", "转账手续费减免", "Transfer fee waiver",
        "跨行转账手续费减免一次", "No fee for one transfer to another bank",
        "reward", "instruction", "unlimited", _all(50), None, None, (), (10, "month"),
    ),
    RightData(
        "card_fee_waiver", "finance", "信用卡年费减免", "Card fee waiver",
        "减免一年年费", "No annual fee for a year",
        "reward", "instruction", "unlimited", _all(600), None, "T0", (("T4", 1), ("T5", 1)), (1, "year"),
    ),
    RightData(
        "safe_deposit_month", "finance", "保管箱月租减免", "Safe deposit box for a month",
        "网点小型保管箱一个月", "A small box at the branch for one month",
        "service", "instruction", "unlimited", _all(100), None, "T2", (("T4", 6), ("T5", 12)), (12, "year"),
    ),
)  # fmt: skip
"""Codes are stable and never reused."""
