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


def forms(kind, may_have_commas):
    """How the cells of a column may be written: the sign before decimals, and those that may part thousands; none for flags."""
    if kind == "flag":
        return [("", "")]
    spaces = " '\u2019\u00a0\u202f" if kind == "grouped" else ""
    if DECIMAL:
        between = (
            [] if may_have_commas or DECIMAL == "." else [(".", "")]
        )  # as programs write numbers, with commas between them
        return [*between, (DECIMAL, ("," if DECIMAL == "." else ".") + spaces)]
    points = [".", ","] if may_have_commas else ["."]
    found = [(point, "") for point in points]
    if kind == "grouped":
        found += [(point, ("," if point == "." else ".") + spaces) for point in reversed(points)]
    elif may_have_commas:
        found.append((",", "."))
    return [*found, ("", "")]


def read_cell(cell, point, separators, is_plain):
    """What a cell holds: None where a value is missing, and the cell itself where it is not as it must be.

    `is_plain` of numbers among which no cell is blank; where one is, thousands may be parted.
    """
    bare = cell.strip()
    if is_absent(cell) or (is_absent(bare) and not is_plain):
        return None
    found = numeral(bare, point, separators) if point else truth(bare)
    return cell if found is None else found


def read_cells(cells, kind, may_have_commas):
    """What the cells of a column hold: None where a value is missing, and the cell itself where it is not as it must be.

    All cells of a column are written alike: in the first form that all of them have, or else in the one that most have.
    """
    if kind == "text":
        return [None if is_absent(cell) else cell for cell in cells]
    found = []
    for point, separators in forms(kind, may_have_commas):
        is_plain = kind == "grouped" and not separators
        found.append([read_cell(cell, point, separators, is_plain) for cell in cells])
    return min(found, key=lambda values: sum(isinstance(value, str) for value in values))


def expected(kind, may_have_commas):
    """What a cell must be."""
    if kind == "flag":
        told = "true or false is expected"
    else:
        commas = ", or in the whole column such as 1,5" if may_have_commas and not DECIMAL else ""
        told = f"a finite number is expected, such as 1{DECIMAL or '.'}5{commas}"
    words = ", ".join([word for word in MISSING if word] + MISSING_AS_WRITTEN)
    return f"{told}; where a value is missing, an empty cell or one of {words}"


def read_csv(path):
    """Where each row of a CSV file stands, and a dict of what it holds in the columns that the network reads.

    The delimiter is the one of comma, semicolon and tab that the first line has most of.
    """
    with open(path, "rb") as file:
        text = file.read().decode("utf-8-sig")
    head = re.split(r"[\r\n]", text.lstrip("\r\n"), maxsplit=1)[0]
    delimiter = max(",;\t", key="".join(head.split('"')[::2]).count)
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
    if not lines:
        raise ValueError("it is empty; a first line with the names of the columns is expected")
    (_, names), *lines = lines
    places = [f"row {number} (line {start} of the file)" for number, (start, _) in enumerate(lines)]
    for place, (_, cells) in zip(places, lines):
        if len(cells) != len(names):
            told = f"as many cells are expected as there are columns, {len(names)}, with {delimiter!r} between them"
            raise ValueError(f"{place} has {len(cells)}; {told}")
    rows = [{} for _ in lines]
    for column, kind in COLUMNS.items():
        if names.count(column) != 1:
            told = f"there is no column {column!r}" if column not in names else f"two columns are named {column!r}"
            raise ValueError(f"{told}; the first line names {', '.join(map(repr, names[:20]))}")
        cells = [cells[names.index(column)] for _, cells in lines]
        for place, row, value in zip(places, rows, read_cells(cells, kind, delimiter != ",")):
            if isinstance(value, str) and kind != "text":
                raise ValueError(f"{place}: column {column!r} is {value[:50]!r}; {expected(kind, delimiter != ',')}")
            row[column] = value
    return list(zip(places, rows))


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
        sys.exit(f"{path}: line {line} has the byte 0x{error.object[error.start]:02x}, which is not UTF-8; save it as UTF-8")
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
