"""From values to 64 canonical bits: equal values, of whatever type, have equal bits."""

import numbers
from collections import defaultdict
from hashlib import blake2b

import numpy as np

EXACT = 16  # the "precision" of columns that hold no floats: coarser than nothing
# a quiet NaN, so that no number has these bits
MISSING = np.uint64(0x7FF8_0000_0000_0000)  # every NaN, None, NA and NaT
# 2**64 over the golden ratio: multiples of it are spread evenly, as in splitmix64
GOLDEN = np.uint64(0x9E37_79B9_7F4A_7C15)
_POSITIVE = np.uint64(0xA076_1D64_78BD_642F)  # integers that no float64 holds
_NEGATIVE = np.uint64(0xE703_7ED1_A0B4_28DB)
# dates and durations apart from each other and from numbers
_TIME = {"M": np.uint64(0x8EBC_6AF0_9C88_C6E3), "m": np.uint64(0x5899_65CC_7537_4CC3)}
_NANOSECONDS = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
_NANOSECONDS |= {"D": 86_400 * 10**9, "W": 604_800 * 10**9}


def is_missing(value):
    """Tell whether an object is None, NaN, NaT, NA or another that is unlike itself."""
    if type(value) is str:  # most of them are, and this is quick
        return False
    return value is None or type(value).__name__ in ("NAType", "NaTType") or value != value


def dtype_precision(dtype):
    """Return the bytes of a floating-point type, `EXACT` for whole numbers and truth values."""
    if dtype.kind in "biu":
        return EXACT
    if dtype.kind != "f":
        raise TypeError(f"Records of type {dtype} cannot be compared. Convert them to numbers.")
    return min(dtype.itemsize, 8)  # longer floats become float64


def write_bits(values, precision, *, out):
    """Write the canonical bits of numbers into the float64 array `out`."""
    with np.errstate(over="ignore", invalid="ignore"):  # beyond the coarser type: infinite
        if precision < min(dtype_precision(values.dtype), 8):
            values = values.astype(f"f{precision}")  # at once: twice rounded is not once rounded
        np.copyto(out, values, casting="unsafe")
        out += 0.0  # −0.0 becomes 0.0
    if values.dtype.kind == "f":
        missing = np.isnan(out)
        if missing.any():
            out.view(np.uint64)[missing] = MISSING
    elif precision == EXACT and values.dtype.itemsize == 8:
        _keep_large_integers(values, out)


def _keep_large_integers(values, out):
    """Give integers that float64 would round bits of their own."""
    large = np.abs(out) >= 2.0**53
    if not large.any():
        return
    # float64 holds an integer whose odd part has at most 53 bits; the others get bits of their own
    values = values[large]
    magnitude = np.where(values < 0, -values.astype(np.uint64), values.astype(np.uint64))
    lowest_bit = magnitude & -magnitude
    rounded = (magnitude // lowest_bit) >> np.uint64(53) > 0
    own_bits = mixed(magnitude ^ np.where(values < 0, _NEGATIVE, _POSITIVE))
    bits = out.view(np.uint64)
    bits[large] = np.where(rounded, own_bits, bits[large])


def number_bits(values, precision):
    out = np.empty(values.shape)
    write_bits(values, precision, out=out)
    return out.view(np.uint64)


def bits_by_column(values, precision, columns):
    """Return the bits of sparse entries whose columns may differ in precision."""
    levels = np.unique(precision)
    if len(levels) == 1:
        return number_bits(values, levels[0])
    bits = np.empty(len(values), dtype=np.uint64)
    for level in levels:
        chosen = precision[columns] == level
        bits[chosen] = number_bits(values[chosen], level)
    return bits


def time_bits(values):
    """Return the bits of dates or durations, by their nanoseconds; a date equals no duration."""
    ticks, nanoseconds = _ticks(values)
    # beyond the range of nanoseconds the product wraps around, alike for all units
    ticks = ticks.astype(np.uint64) * np.uint64(nanoseconds)
    return np.where(np.isnat(values), MISSING, ticks ^ _TIME[values.dtype.kind])


def as_days(values):
    """Return dates as days since 1970, durations as days, NaN for NaT."""
    ticks, nanoseconds = _ticks(values)
    return np.where(np.isnat(values), np.nan, ticks / (_NANOSECONDS["D"] / nanoseconds))


def _ticks(values):
    """Return times as whole numbers, and how many nanoseconds one of these is."""
    if np.datetime_data(values.dtype)[0] not in _NANOSECONDS:
        # years and months are of no fixed length; finer units than nanoseconds are cut
        coarse = np.datetime_data(values.dtype)[0] in ("Y", "M")
        values = values.astype(f"{values.dtype.kind}8[{'D' if coarse else 'ns'}]")
    unit, count = np.datetime_data(values.dtype)
    return values.astype(np.int64), count * _NANOSECONDS[unit]


def level_bits(levels, precision):
    """Return the bits of Python objects, type by type."""
    bits = np.empty(len(levels), dtype=np.uint64)
    places = defaultdict(list)
    for place, value in enumerate(levels):  # by type, so that arrays do most of the work
        places[type(value)].append(place)
    for kind, where in places.items():
        values = [levels[place] for place in where]
        bits[where] = _bits_of_type(kind, values, precision)
    return bits


def _bits_of_type(kind, values, precision):
    if issubclass(kind, str):
        return _text_bits("text", values)
    if issubclass(kind, (np.datetime64, np.timedelta64)):  # the latter is a np.integer
        return [time_bits(np.array([value]))[0] for value in values]
    if issubclass(kind, (bool, np.bool_, float, np.integer, np.floating)):
        return number_bits(np.array(values), precision)
    if issubclass(kind, int) and min(values) >= -(2**63) and max(values) < 2**63:
        return number_bits(np.array(values, dtype=np.int64), precision)
    return [_object_bits(value, precision) for value in values]


def _object_bits(value, precision):
    if is_missing(value):
        return MISSING
    if isinstance(value, numbers.Number) and not isinstance(value, numbers.Complex):
        return number_bits(np.array([float(value)]), precision)[0]  # Decimal
    if isinstance(value, numbers.Real):
        return _real_bits(value, precision)
    if (moment := as_time(value)) is not None:
        return time_bits(np.array([moment]))[0]
    # complex numbers, and objects whose text is an address that differs between processes
    if isinstance(value, numbers.Number) or type(value).__repr__ is object.__repr__:
        raise TypeError(
            f"Values of type {type(value).__name__} cannot be compared. "
            "Convert them to numbers, texts or dates."
        )
    return _text_bits(type(value).__name__, [str(value)])[0]  # say a UUID, or a time of the day


def _real_bits(value, precision):
    """Return the bits of a Python integer of any size, or of a fraction."""
    rounded = as_float(value)
    if isinstance(value, numbers.Integral) and value != rounded:
        if -(2**63) <= value < 2**64:
            dtype = np.int64 if value < 2**63 else np.uint64
            return number_bits(np.array([value], dtype=dtype), precision)[0]
        if precision == EXACT:
            return _text_bits("integer", [str(value)])[0]
    return number_bits(np.array([rounded]), precision)[0]


def as_float(value):
    """Return a number as a float, infinite where it is too large for one."""
    try:
        return float(value)
    except OverflowError:
        return np.inf if value > 0 else -np.inf


def as_time(value):
    """Return the numpy scalar of a date, time stamp or duration, None for other objects."""
    if isinstance(value, np.datetime64 | np.timedelta64):
        return value
    for method in ("to_datetime64", "to_timedelta64"):  # pandas
        if hasattr(value, method):
            return getattr(value, method)()
    # a time with a zone is its instant
    if hasattr(value, "utcoffset") and getattr(value, "tzinfo", None) is not None:
        if not hasattr(value, "year"):  # a time of the day
            return None
        value = value.replace(tzinfo=None) - value.utcoffset()
    if hasattr(value, "toordinal"):
        return np.datetime64(value)
    return np.timedelta64(value) if hasattr(value, "total_seconds") else None


def _text_bits(kind, texts):
    """Return a digest of each text, salted by its kind: str(1/3) is no text "1/3"."""
    # not Python's hash, which differs between processes
    start = blake2b(digest_size=8, person=kind.encode()[:16])
    digests = []
    for text in texts:
        digest = start.copy()
        digest.update(text.encode("utf-8", "surrogatepass"))
        digests.append(digest.digest())
    return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)


def mix(bits, spare):
    """Scramble 64-bit numbers in place: the finalizer of splitmix64, a bijection."""
    for shift, factor in ((30, 0xBF58_476D_1CE4_E5B9), (27, 0x94D0_49BB_1331_11EB)):
        np.right_shift(bits, np.uint64(shift), out=spare)
        np.bitwise_xor(bits, spare, out=bits)
        np.multiply(bits, np.uint64(factor), out=bits)
    np.right_shift(bits, np.uint64(31), out=spare)
    np.bitwise_xor(bits, spare, out=bits)


def mixed(bits):
    mixed = bits.copy()
    mix(mixed, np.empty_like(mixed))
    return mixed
