/** Compares what comes out here with what came out of the service, for a few rows. Returns whether all is the same. */
export function selfTest() {
  let differences = 0;
  for (const golden of GOLDEN) {
    for (const [name, found] of Object.entries(results(golden.row))) {
      golden[name].forEach((expected, i) => {
        const tolerance = TOLERANCES[name][i];
        if (found[i] !== expected && !(tolerance > 0 && Math.abs(found[i] - expected) <= tolerance)) {
          differences += 1;
          console.log(`${name} of ${JSON.stringify(golden.row)}: ${found[i]} should be ${expected}`);
        }
      });
    }
  }
  console.log(`${GOLDEN.length} rows compared, ${differences} differences`);
  return GOLDEN.length > 0 && differences === 0;
}


/** Whether Node.js runs this file as a program, and no other imports it. */
async function isProgram() {
  const path = globalThis.process?.argv?.[1];
  if (!path) {
    return false;
  }
  const [{ existsSync, realpathSync }, { pathToFileURL }] = [await import("node:fs"), await import("node:url")];
  return existsSync(path) && import.meta.url === pathToFileURL(realpathSync(path)).href;
}


/** Whether a cell of a CSV file says that a value is missing. */
function isAbsent(cell) {
  return MISSING.includes(cell.toLowerCase()) || MISSING_AS_WRITTEN.includes(cell);
}


/** True or false, as a cell says it; undefined where it says neither. */
function truth(cell) {
  const words = [["true", true], ["1", true], ["1.0", true], ["false", false], ["0", false], ["0.0", false]];
  return new Map(words).get(cell.toLowerCase());
}


/** The sign that parts thousands where this one stands before decimals. */
function other(point) {
  return point === "." ? "," : ".";
}


/** The number that a cell is, by the sign before decimals and those that may part thousands, or undefined. */
function numeral(cell, point, separators) {
  let form = `(?:\\d+[${point}]?\\d*|[${point}]\\d+)(?:[eE][+-]?\\d+)?`;
  if (separators) {
    form += `|[1-9]\\d{0,2}([${separators}])\\d{3}(?:\\1\\d{3})*(?:[${point}]\\d*)?`;
  }
  if (!new RegExp(`^[+-]?(?:${form})$`).test(cell)) {
    return undefined;
  }
  const found = Number([...cell].filter((sign) => !separators.includes(sign)).join("").replace(point, "."));
  return Number.isFinite(found) ? found : undefined;
}


/** What stands beside the unit of a number, a currency or %, and the unit; the cell and nothing where there is none. */
function parted(cell) {
  const codes = "AUD|BRL|CAD|CHF|CNY|CZK|DKK|EUR|GBP|HKD|HUF|INR|JPY|KRW|MXN|NOK|NZD|PLN|RON|SEK|SGD|TRY|USD|ZAR";
  const [unit, space] = [`([$€£¥₹₩₺₽₴%]|${codes})`, "[ \u00a0\u202f]?"];
  const before = cell.match(new RegExp(`^([+-]?)${unit}${space}(.+)$`));
  const behind = cell.match(new RegExp(`^(.+?)${space}${unit}$`));
  return before ? [before[1] + before[3], before[2]] : behind ? [behind[1], behind[2]] : [cell, ""];
}


/** Whether a cell is a number with this sign before decimals, and the other one between thousands if at all. */
function isNumber(cell, point) {
  return numeral(cell, point, other(point)) !== undefined;
}


/** Whether cells, most of which are numbers, show this sign: some are none with the other one. */
function shows(cells, point) {
  const present = different(cells);
  const numbers = present.filter((cell) => isNumber(cell, point));
  return 2 * numbers.length > present.length && numbers.some((cell) => !isNumber(cell, other(point)));
}


/** Those that are there, each once. */
function different(cells) {
  return [...new Set(cells.map((cell) => cell.trim()).filter((cell) => !isAbsent(cell)))];
}


/** Whether cells have commas, most of which are numbers, or all as somebody meant: between commas they are in quotes. */
function hasCommas(cells, areMeant) {
  const present = different(cells);
  const isNumerous = [".", ","].some((point) => 2 * present.filter((cell) => isNumber(cell, point)).length > present.length);
  return (areMeant || isNumerous) && present.some((cell) => cell.includes(","));
}


/** The sign before decimals in the columns of a file, the likelier first where there may be two; and whether it is known. */
function signs(columns, mayHaveCommas) {
  const shown = [".", ","].filter((point) => columns.some((cells) => shows(cells, point)));
  const told = DECIMAL === "." || mayHaveCommas ? DECIMAL : "";
  const sign = told || (mayHaveCommas && shown[0]);
  if (!sign) {
    return { points: mayHaveCommas ? [".", ","] : ["."], isKnown: false };
  }
  return { points: shown.length === 2 ? [sign, other(sign)] : [sign], isKnown: true };
}


/** How the cells of a column may be written: the sign before decimals, and those that may part thousands; none for flags. */
function forms(kind, { points, isKnown }) {
  const flags = [["", ""]];
  if (kind === "flag") {
    return flags;
  }
  const spaces = kind === "grouped" ? " '\u2019\u00a0\u202f" : "";
  const parted = points.map((point) => [point, other(point) + spaces]);
  if (isKnown) {
    return [...parted, ...flags];
  }
  return [...points.map((point) => [point, ""]), ...(kind === "grouped" ? parted : []), ...flags];
}


/** What a cell holds: null where a value is missing, and the cell itself where it is not as it must be. */
function readCell(cell, point, separators) {
  const bare = cell.trim();
  if (isAbsent(cell) || isAbsent(bare)) {
    return null;
  }
  return (point ? numeral(bare, point, separators) : truth(bare)) ?? cell;
}


/**
 * What the cells of a column hold: null where a value is missing, and the cell itself where it is not as it must be.
 *
 * All cells of a column are written alike: in the first form that all of them have, or else in the one that most have.
 */
function readCells(cells, kind, decimals) {
  if (kind === "text") {
    return cells.map((cell) => (isAbsent(cell) ? null : cell));
  }
  const present = kind === "grouped" ? cells.map((cell) => cell.trim()).filter((cell) => !isAbsent(cell)) : [];
  const alone = new Set(present.map((cell) => parted(cell)[1])).size === 1 ? cells.map((cell) => parted(cell.trim())[0]) : cells;
  const found = forms(kind, decimals).map(([point, separators]) => alone.map((cell) => readCell(cell, point, separators)));
  return found[placeOfHighest(found.map((values) => -values.filter((value) => typeof value === "string").length))];
}


/** What a cell must be. */
function expected(kind, { points }) {
  const numbers = points.map((point) => `1${point}5`).join(", or in the whole column such as ");
  const told = kind === "flag" ? "true or false is expected" : `a finite number is expected, such as ${numbers}`;
  const words = [...MISSING.filter((word) => word), ...MISSING_AS_WRITTEN].join(", ");
  return `${told}; where a value is missing, an empty cell or one of ${words}`;
}


/** The rows of a CSV text that are not empty: their first lines and their cells, which in quotes may hold any sign. */
function records(text, delimiter) {
  const cell = `(?:"([^"]*(?:""[^"]*)*)("?))?([^${delimiter}\\r\\n]*)(${delimiter}|\\r\\n|\\r|\\n|$)`;
  const found = [];
  let [cells, line, next] = [[], 1, 1];
  for (const [all, quoted = "", closing, plain, end] of text.matchAll(new RegExp(cell, "g"))) {
    if (closing === "") {
      throw new Error(`line ${line} has a cell whose quotes are wrong: they do not end`);
    }
    cells.push(quoted.replace(/""/g, '"') + plain);
    next += (all.match(/\r\n|\r|\n/g) ?? []).length;
    if (end !== delimiter) {
      if (cells.length > 1 || all !== end) {
        found.push({ line, cells });
      }
      [cells, line] = [[], next];
    }
    if (end === "") {
      break;
    }
  }
  return found;
}


/**
 * Where each row of a CSV text stands, and an object of what it holds in the columns that the network reads.
 *
 * The delimiter is the one of comma, semicolon and tab that the first line has most of.
 */
function readCsv(text) {
  const head = text.replace(/^[\r\n]+/, "").split(/[\r\n]/, 1)[0];
  const bare = head.split('"').filter((_, i) => i % 2 === 0).join("");
  const named = /^"?sep=([,;\t])"?$/i.exec(head); // as spreadsheets write above the names
  const delimiter = named?.[1] ?? [",", ";", "\t"][placeOfHighest([",", ";", "\t"].map((sign) => bare.split(sign).length))];
  const [first, ...lines] = records(text, delimiter).slice(named ? 1 : 0);
  if (first === undefined) {
    throw new Error("it is empty; a first line with the names of the columns is expected");
  }
  const names = first.cells;
  const rows = lines.map(({ line, cells }, i) => ({ place: `row ${i} (line ${line} of the file)`, cells, pairs: [] }));
  for (const { place, cells } of rows) {
    if (cells.length !== names.length) {
      const told = `as many cells are expected as there are columns, ${names.length}`;
      throw new Error(`${place} has ${cells.length}; ${told}, with ${JSON.stringify(delimiter)} between them`);
    }
  }
  const table = names.map((_, i) => rows.map(({ cells }) => cells[i]));
  const kinds = new Map(Object.entries(COLUMNS));
  const numbers = names.map((name, i) => [kinds.get(name), table[i]]).filter(([kind]) => kind !== "text");
  const haveCommas = () => numbers.some(([kind, cells]) => hasCommas(cells, kind === "grouped"));
  const decimals = signs(numbers.map(([, cells]) => cells), delimiter !== "," || (DECIMAL && (names.length === 1 || haveCommas())));
  for (const [column, kind] of kinds) {
    const name = JSON.stringify(column);
    if (names.filter((each) => each === column).length !== 1) {
      const told = names.includes(column) ? `two columns are named ${name}` : `there is no column ${name}`;
      throw new Error(`${told}; the first line names ${names.slice(0, 20).map((each) => JSON.stringify(each)).join(", ")}`);
    }
    for (const [i, value] of readCells(table[names.indexOf(column)], kind, decimals).entries()) {
      if (typeof value === "string" && kind !== "text") {
        const told = `column ${name} is ${JSON.stringify(value.slice(0, 50))}; ${expected(kind, decimals)}`;
        throw new Error(`${rows[i].place}: ${told}`);
      }
      rows[i].pairs.push([column, value]);
    }
  }
  return rows.map(({ place, pairs }) => ({ place, row: Object.fromEntries(pairs) }));
}


/** A prediction as a line of JSON, in which a BigInt has all its digits. */
function json(prediction) {
  const told = (found) => (typeof found === "bigint" ? String(found) : JSON.stringify(found));
  return `{${Object.entries(prediction).map(([column, found]) => `${JSON.stringify(column)}:${told(found)}`)}}`;
}


/** The predictions for the rows of a CSV text, line by line as CSV. */
function* predictCells(text) {
  const quoted = (found) => (/[",\r\n]/.test(found) ? `"${found.replace(/"/g, '""')}"` : found);
  const told = (found) => (typeof found === "number" && !Number.isFinite(found) ? '""' : quoted(String(found)));
  for (const [i, { place, row }] of readCsv(text).entries()) {
    const found = at(place, () => predict(row));
    if (i === 0) {
      yield Object.keys(found).map(quoted).join(",");
    }
    yield Object.values(found).map(told).join(",");
  }
}


/** What the call gives; its error says where it was. */
function at(place, call) {
  try {
    return call();
  } catch (error) {
    throw new Error(`${place}: ${error.message}`);
  }
}


/** The character of Windows-1252 instead of that of Latin-1, for which TextDecoder of some versions of Node.js takes its byte. */
function letterOfWindows(letter) {
  return "€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ"[letter.charCodeAt(0) - 0x80];
}


/** The text of a file, which is UTF-8, or else in the encoding that is known. */
async function textOf(path) {
  const { readFileSync } = await import("node:fs");
  let bytes;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new Error(`${path} cannot be read: ${error.code === "ENOENT" ? "No such file or directory" : error.message}`);
  }
  for (const encoding of ENCODING ? ["utf-8", ENCODING] : ["utf-8"]) {
    try {
      const text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
      return encoding === "windows-1252" ? text.replace(/[\x80-\x9f]/g, (letter) => letterOfWindows(letter)) : text;
    } catch {
      // the next one
    }
  }
  throw new Error(`${path} is ${ENCODING ? `neither UTF-8 nor ${ENCODING}` : "not UTF-8"}; save it as UTF-8`);
}


/** Run by Node.js as a program, with what it is told behind its name. */
async function main() {
  const [first, ...others] = process.argv.slice(2);
  const usage = "usage: node model.mjs rows.csv | node model.mjs < rows.jsonl | node model.mjs --self-test";
  try {
    if (first === "--self-test" && others.length === 0) {
      process.exitCode = selfTest() ? 0 : 1;
    } else if ((first === "--help" || first === "-h") && others.length === 0) {
      console.log(usage);
    } else if (first !== undefined && !first.startsWith("-") && others.length === 0) {
      const text = await textOf(first);
      at(first, () => {
        for (const line of predictCells(text)) {
          console.log(line);
        }
      });
    } else if (first !== undefined || process.stdin.isTTY) {
      console.error(usage);
      process.exitCode = 2;
    } else {
      const { createInterface } = await import("node:readline");
      let number = 0;
      for await (const line of createInterface({ input: process.stdin })) {
        number += 1;
        if (line.trim()) {
          console.log(json(at(`line ${number}`, () => predict(JSON.parse(line)))));
        }
      }
    }
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
