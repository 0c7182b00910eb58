"""Names for clients who are published without any: made from the client's number, the same every time."""

from random import Random

from guibin_tools.demo.dice import pick

_MEN = ("Jan", "Petr", "Jiri", "Josef", "Pavel", "Martin", "Tomas", "Jaroslav", "Miroslav", "Zdenek", "Vaclav", "Karel")
_WOMEN = ("Marie", "Jana", "Eva", "Hana", "Anna", "Vera", "Lenka", "Alena", "Katerina", "Lucie", "Petra", "Zdenka")
_SURNAMES = (
    ("Novak", "Novakova"), ("Svoboda", "Svobodova"), ("Novotny", "Novotna"), ("Dvorak", "Dvorakova"),
    ("Cerny", "Cerna"), ("Prochazka", "Prochazkova"), ("Kucera", "Kucerova"), ("Vesely", "Vesela"),
    ("Horak", "Horakova"), ("Nemec", "Nemcova"), ("Pokorny", "Pokorna"), ("Marek", "Markova"),
    ("Pospisil", "Pospisilova"), ("Hajek", "Hajkova"), ("Jelinek", "Jelinkova"), ("Kral", "Kralova"),
    ("Ruzicka", "Ruzickova"), ("Benes", "Benesova"), ("Fiala", "Fialova"), ("Sedlacek", "Sedlackova"),
    ("Dolezal", "Dolezalova"), ("Zeman", "Zemanova"), ("Kolar", "Kolarova"), ("Navratil", "Navratilova"),
)  # fmt: skip


def client_name(client_id: int, *, male: bool) -> str:
    """Make the name of a client: given name and surname in the form that men or women have."""
    rng = Random(client_id)  # noqa: S311 - made-up names
    his, hers = pick(rng, _SURNAMES)
    return f"{pick(rng, _MEN if male else _WOMEN)} {his if male else hers}"
