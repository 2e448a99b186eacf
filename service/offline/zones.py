"""Places in text, and the IANA time zones that they keep."""

import re
from dataclasses import dataclass
from functools import cache
from zoneinfo import available_timezones

_WORD = re.compile(
    r"[A-Z][A-Za-z]+(?:/[A-Za-z_]+){1,2}|[^\W\d_]+(?:[.'\u2019-][^\W\d_]+)*\.?|"
    r"UTC[+-]\d{1,2}\b"
)
_LONGEST = 4
# Cities and countries whose name is not the name of a zone; the largest city's zone stands for a country.
_TABLE = {
    "America/New_York": "nyc, new york city, manhattan, brooklyn, boston, washington, washington dc, "
    "philadelphia, miami, "
    "atlanta, orlando, eastern time, eastern, est, edt, et, east coast, usa, us, united states, america",
    "America/Chicago": "dallas, houston, austin, new orleans, minneapolis, st louis, nashville, "
    "central time, cst, cdt",
    "America/Denver": "salt lake city, colorado, mountain time, mst, mdt",
    "America/Los_Angeles": "la, california, san francisco, sf, seattle, san diego, las vegas, "
    "portland, silicon valley, "
    "pacific time, pst, pdt, pt, west coast, palo alto, san jose california",
    "America/Toronto": "ottawa, montreal, quebec, canada",
    "America/Edmonton": "calgary",
    "America/Mexico_City": "mexico, guadalajara",
    "America/Sao_Paulo": "brazil, rio, rio de janeiro, brasilia, são paulo, sao paulo",
    "America/Argentina/Buenos_Aires": "argentina, buenos aires",
    "America/Bogota": "colombia, bogotá, medellin",
    "America/Lima": "peru",
    "America/Santiago": "chile",
    "America/Caracas": "venezuela",
    "Pacific/Honolulu": "hawaii",
    "America/Anchorage": "alaska",
    "Europe/London": "uk, united kingdom, england, britain, great britain, scotland, wales, "
    "edinburgh, manchester, "
    "liverpool, birmingham, oxford, cambridge, glasgow, bst",
    "Europe/Dublin": "ireland",
    "Europe/Paris": "france, lyon, marseille, nice, toulouse, cet, cest",
    "Europe/Berlin": "germany, munich, münchen, hamburg, frankfurt, cologne, köln, stuttgart, "
    "düsseldorf, leipzig",
    "Europe/Madrid": "spain, barcelona, valencia, seville, sevilla",
    "Europe/Rome": "italy, milan, milano, naples, venice, florence, turin, roma",
    "Europe/Amsterdam": "netherlands, the netherlands, holland, rotterdam, the hague",
    "Europe/Brussels": "belgium, antwerp",
    "Europe/Zurich": "switzerland, geneva, basel, bern, zürich",
    "Europe/Vienna": "austria, salzburg, wien",
    "Europe/Stockholm": "sweden, gothenburg",
    "Europe/Oslo": "norway, bergen",
    "Europe/Copenhagen": "denmark",
    "Europe/Helsinki": "finland",
    "Europe/Warsaw": "poland, krakow, kraków, gdansk",
    "Europe/Prague": "czech republic, czechia, brno",
    "Europe/Budapest": "hungary",
    "Europe/Athens": "greece",
    "Europe/Bucharest": "romania",
    "Europe/Sofia": "bulgaria",
    "Europe/Lisbon": "portugal, porto",
    "Europe/Kyiv": "ukraine, kiev, kyiv, lviv",
    "Europe/Moscow": "russia, st petersburg, saint petersburg",
    "Europe/Istanbul": "turkey, ankara",
    "Atlantic/Reykjavik": "iceland",
    "Africa/Cairo": "egypt, alexandria",
    "Africa/Lagos": "nigeria, abuja",
    "Africa/Nairobi": "kenya",
    "Africa/Johannesburg": "south africa, cape town, durban, pretoria",
    "Africa/Casablanca": "morocco, marrakesh, rabat",
    "Africa/Accra": "ghana",
    "Africa/Addis_Ababa": "ethiopia",
    "Asia/Tokyo": "japan, osaka, kyoto, yokohama, nagoya, sapporo, jst",
    "Asia/Seoul": "korea, south korea, busan",
    "Asia/Shanghai": "china, beijing, peking, shenzhen, guangzhou, chengdu, wuhan",
    "Asia/Hong_Kong": "hong kong",
    "Asia/Taipei": "taiwan",
    "Asia/Kolkata": "india, mumbai, bombay, delhi, new delhi, bangalore, bengaluru, chennai, "
    "hyderabad, pune, calcutta, ist",
    "Asia/Karachi": "pakistan, lahore, islamabad",
    "Asia/Dhaka": "bangladesh",
    "Asia/Bangkok": "thailand, phuket",
    "Asia/Ho_Chi_Minh": "vietnam, hanoi, saigon, ho chi minh city",
    "Asia/Jakarta": "indonesia, bali",
    "Asia/Manila": "philippines, the philippines",
    "Asia/Kuala_Lumpur": "malaysia",
    "Asia/Singapore": "singapore",
    "Asia/Dubai": "uae, united arab emirates, abu dhabi",
    "Asia/Riyadh": "saudi arabia, jeddah, mecca",
    "Asia/Jerusalem": "israel, tel aviv",
    "Asia/Tehran": "iran",
    "Asia/Baghdad": "iraq",
    "Asia/Kathmandu": "nepal, kathmandu",
    "Australia/Sydney": "australia, canberra, aest",
    "Pacific/Auckland": "new zealand, wellington, christchurch",
    "UTC": "utc, coordinated universal time, zulu time, greenwich",
    "Etc/GMT": "gmt, greenwich mean time",
}
# Names of zones that are words of other use.
_NO_PLACES = frozenset(
    "center general east west north south acre universal knox easter christmas reunion wake midway mayotte "
    "davis casey "
    "man central mountain pacific currie troll us et pt la nice ist est bst mst cst eastern bahia".split()
)


@dataclass(frozen=True, slots=True)
class Place:
    """A place of the text by its name there, and its time zone."""

    name: str
    zone: str
    start: int
    end: int


def places_in(text: str) -> list[Place]:
    """The places whose zone is known, in order; longer names win over shorter ones."""
    words = list(_WORD.finditer(text))
    places: list[Place] = []
    index = 0
    while index < len(words):
        place, used = _place_at(text, words, index)
        if place:
            places.append(place)
        index += used
    return places


def zone_of(name: str) -> str | None:
    """The zone of a place by its name."""
    return _zones().get(_key(name))


def _place_at(text: str, words: list[re.Match[str]], index: int) -> tuple[Place | None, int]:
    for count in range(min(_LONGEST, len(words) - index), 0, -1):
        start, end = words[index].start(), words[index + count - 1].end()
        name = text[start:end]
        if (zone := zone_of(name)) and not _is_no_place(name):
            return Place(name.rstrip("."), zone, start, end), count
    return None, 1


def _is_no_place(name: str) -> bool:
    """Words of other use count as places where they are written as names: “US”, “Nice”, “EST”."""
    key = name.lower().rstrip(".")
    if key not in _NO_PLACES:
        return False
    return not (name.isupper() and len(key) <= 3) and not (key == "nice" and name[0].isupper())


def _key(name: str) -> str:
    key = re.sub(r"[\s_-]+", " ", name.lower().replace("\u2019", "'")).strip()
    return key.removesuffix("'s").replace(".", "")


@cache
def _zones() -> dict[str, str]:
    names = sorted(available_timezones())
    zones = {name.lower(): name for name in names if "/" in name}
    cities = [
        name
        for name in names
        if name.count("/") >= 1 and not name.startswith(("US/", "Etc/", "posix/", "right/"))
    ]
    for name in reversed(cities):
        zones[_key(name.rpartition("/")[2])] = name
    for zone, places in _TABLE.items():
        for place in places.split(", "):
            zones[_key(place)] = zone
    return zones
