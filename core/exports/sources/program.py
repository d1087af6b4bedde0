def self_test():
    """Compares what comes out here with what came out of the service, for a few rows. Returns whether all is the same."""
    wrong = 0
    for golden in GOLDEN:
        for name, found in results(golden["row"]).items():
            for value, expected, tolerance in zip(found, golden[name], TOLERANCES[name]):
                if value != expected and not (tolerance and abs(value - expected) <= tolerance):
                    wrong += 1
                    print(f"{name} of {golden['row']}: {value!r} should be {expected!r}")
    print(f"{len(GOLDEN)} rows compared, {wrong} differences")
    return bool(GOLDEN) and wrong == 0


def is_absent(cell):
    """Whether a cell of a CSV file says that a value is missing."""
    return cell.lower() in MISSING or cell in MISSING_AS_WRITTEN


def truth(cell):
    """True or false, as a cell says it; None where it says neither."""
    return {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}.get(cell.lower())


def other(point):
    """The sign that parts thousands where this one stands before decimals."""
    return "," if point == "." else "."


def numeral(cell, point, separators):
    """The number that a cell is, by the sign before decimals and those that may part thousands; None where it is none."""
    form = rf"(?:\d+[{point}]?\d*|[{point}]\d+)(?:[eE][+-]?\d+)?"
    if separators:
        form += rf"|[1-9]\d{{0,2}}([{separators}])\d{{3}}(?:\1\d{{3}})*(?:[{point}]\d*)?"
    if re.fullmatch(rf"[+-]?(?:{form})", cell, re.ASCII) is None:
        return None
    for separator in separators:
        cell = cell.replace(separator, "")
    found = float(cell.replace(point, "."))
    return found if math.isfinite(found) else None


def parted(cell):
    """What stands beside the unit of a number, a currency or %, and the unit; the cell and nothing where there is none."""
    unit = "([$€£¥₹₩₺₽₴%]|AUD|BRL|CAD|CHF|CNY|CZK|DKK|EUR|GBP|HKD|HUF|INR|JPY|KRW|MXN|NOK|NZD|PLN|RON|SEK|SGD|TRY|USD|ZAR)"
    space = "[ \u00a0\u202f]?"
    if found := re.fullmatch(f"([+-]?){unit}{space}(.+)", cell):
        return found[1] + found[3], found[2]
    found = re.fullmatch(f"(.+?){space}{unit}", cell)
    return (found[1], found[2]) if found else (cell, "")


def is_number(cell, point):
    """Whether a cell is a number with this sign before decimals, and the other one between thousands if at all."""
    return numeral(cell, point, other(point)) is not None


def shows(cells, point):
    """Whether cells, most of which are numbers, show this sign: some are none with the other one."""
    cells = different(cells)
    numbers = [cell for cell in cells if is_number(cell, point)]
    return 2 * len(numbers) > len(cells) and any(not is_number(cell, other(point)) for cell in numbers)


def different(cells):
    """Those that are there, each once."""
    return {cell.strip() for cell in cells if not is_absent(cell.strip())}


def has_commas(cells, are_meant):
    """Whether cells have commas, most of which are numbers, or all as somebody meant: between commas they are in quotes."""
    cells = different(cells)
    numbers = max(sum(is_number(cell, point) for cell in cells) for point in ".,")
    return (are_meant or 2 * numbers > len(cells)) and any("," in cell for cell in cells)


def signs(columns, may_have_commas):
    """The sign before decimals in the columns of a file, the likelier first where there may be two; and whether it is known."""
    shown = [point for point in ".," if any(shows(cells, point) for cells in columns)]
    sign = DECIMAL if DECIMAL == "." or may_have_commas else ""
    if not sign and may_have_commas and shown:
        sign = shown[0]
    if not sign:
        return [".", ","] if may_have_commas else ["."], False
    return [sign, other(sign)] if len(shown) == 2 else [sign], True


def forms(kind, points, is_known):
    """How the cells of a column may be written: the sign before decimals, and those that may part thousands; none for flags."""
    flags = [("", "")]
    if kind == "flag":
        return flags
    spaces = " '\u2019\u00a0\u202f" if kind == "grouped" else ""
    parted = [(point, other(point) + spaces) for point in points]
    if is_known:
        return parted + flags
    return [(point, "") for point in points] + (parted if kind == "grouped" else []) + flags


def read_cell(cell, point, separators):
    """What a cell holds: None where a value is missing, and the cell itself where it is not as it must be."""
    bare = cell.strip()
    if is_absent(cell) or is_absent(bare):
        return None
    found = numeral(bare, point, separators) if point else truth(bare)
    return cell if found is None else found


def read_cells(cells, kind, points, is_known):
    """What the cells of a column hold: None where a value is missing, and the cell itself where it is not as it must be.

    All cells of a column are written alike: in the first form that all of them have, or else in the one that most have.
    """
    if kind == "text":
        return [None if is_absent(cell) else cell for cell in cells]
    units = {parted(cell.strip())[1] for cell in cells if kind == "grouped" and not is_absent(cell.strip())}
    if len(units) == 1:
        cells = [parted(cell.strip())[0] for cell in cells]
    found = [[read_cell(cell, *form) for cell in cells] for form in forms(kind, points, is_known)]
    return min(found, key=lambda values: sum(isinstance(value, str) for value in values))


def expected(kind, points):
    """What a cell must be."""
    numbers = ", or in the whole column such as ".join(f"1{point}5" for point in points)
    told = "true or false is expected" if kind == "flag" else f"a finite number is expected, such as {numbers}"
    words = ", ".join([word for word in MISSING if word] + MISSING_AS_WRITTEN)
    return f"{told}; where a value is missing, an empty cell or one of {words}"


def read_csv(path):
    """Where each row of a CSV file stands, and a dict of what it holds in the columns that the network reads.

    The delimiter is the one of comma, semicolon and tab that the first line has most of.
    """
    with open(path, "rb") as file:
        text = decoded(file.read())
    head = re.split(r"[\r\n]", text.lstrip("\r\n"), maxsplit=1)[0]
    named = re.fullmatch('"?sep=([,;\t])"?', head, re.IGNORECASE)  # as spreadsheets write above the names
    delimiter = named[1] if named else max(",;\t", key="".join(head.split('"')[::2]).count)
    has_open_quote = text.count('"') % 2 == 1
    csv.field_size_limit(2**31 - 1)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=has_open_quote)
    lines, start = [], 1
    try:
        for cells in reader:
            if cells:
                lines.append((start, cells))
            start = reader.line_num + 1
    except csv.Error as error:
        raise ValueError(f"line {start} has a cell whose quotes are wrong: {error}") from None
    lines = lines[1:] if named else lines
    if not lines:
        raise ValueError("it is empty; a first line with the names of the columns is expected")
    (_, names), *lines = lines
    places = [f"row {number} (line {start} of the file)" for number, (start, _) in enumerate(lines)]
    for place, (_, cells) in zip(places, lines):
        if len(cells) != len(names):
            told = f"as many cells are expected as there are columns, {len(names)}, with {delimiter!r} between them"
            raise ValueError(f"{place} has {len(cells)}; {told}")
    table = list(zip(*(cells for _, cells in lines))) or [[] for _ in names]
    numbers = [(cells, COLUMNS.get(name) == "grouped") for name, cells in zip(names, table) if COLUMNS.get(name) != "text"]
    may_have_commas = delimiter != "," or (DECIMAL and (len(names) == 1 or any(has_commas(*each) for each in numbers)))
    points, is_known = signs([cells for cells, _ in numbers], may_have_commas)
    rows = [{} for _ in lines]
    for column, kind in COLUMNS.items():
        if names.count(column) != 1:
            told = f"there is no column {column!r}" if column not in names else f"two columns are named {column!r}"
            raise ValueError(f"{told}; the first line names {', '.join(map(repr, names[:20]))}")
        values = read_cells(table[names.index(column)], kind, points, is_known)
        for place, row, value in zip(places, rows, values):
            if isinstance(value, str) and kind != "text":
                raise ValueError(f"{place}: column {column!r} is {value[:50]!r}; {expected(kind, points)}")
            row[column] = value
    return list(zip(places, rows))


def decoded(content):
    """The text that bytes are: UTF-8, or else in the encoding that is known."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        if not ENCODING:
            raise
        return content.decode(ENCODING)


def told(prediction):
    """The prediction as JSON and CSV have it: without a number where that is not finite."""
    return {
        column: None if isinstance(found, float) and not math.isfinite(found) else found for column, found in prediction.items()
    }


def predict_file(path):
    """Writes the predictions for the rows of a CSV file as CSV."""
    try:
        rows = read_csv(path)
    except OSError as error:
        sys.exit(f"{path} cannot be read: {error.strerror}")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        byte, encodings = error.object[error.start], f"neither UTF-8 nor {ENCODING}" if ENCODING else "not UTF-8"
        sys.exit(f"{path}: line {line} has the byte 0x{byte:02x}, which is {encodings}; save it as UTF-8")
    except ValueError as error:
        sys.exit(f"{path}: {error}")
    output = csv.writer(sys.stdout, lineterminator="\n")
    for number, (place, row) in enumerate(rows):
        try:
            found = told(predict(row))
        except (ArithmeticError, ValueError) as error:
            sys.exit(f"{path}: {place}: {error}")
        if number == 0:
            output.writerow(found)
        output.writerow(str(each).lower() if isinstance(each, bool) else each for each in found.values())


def predict_lines(lines):
    """Writes a prediction for each row, both a line of JSON."""
    for number, line in enumerate(lines, 1):
        try:
            if line.strip():
                print(json.dumps(told(predict(json.loads(line))), ensure_ascii=False))
        except (ArithmeticError, TypeError, ValueError) as error:
            sys.exit(f"line {number}: {error}")


def main():
    """Of the file as a program; it ends where nobody reads on, as behind `| head`."""
    try:
        run(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def run(given):
    """What the program is told behind its name."""
    if given == ["--self-test"]:
        sys.exit(0 if self_test() else 1)
    if given == ["--help"] or given == ["-h"]:
        print(__doc__.strip())
    elif len(given) == 1 and not given[0].startswith("-"):
        predict_file(given[0])
    elif given or sys.stdin.isatty():
        sys.stderr.write(__doc__)
        sys.exit(2)
    else:
        predict_lines(sys.stdin)
