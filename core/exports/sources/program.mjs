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


/** How the cells of a column may be written: the sign before decimals, and those that may part thousands; none for flags. */
function forms(kind, mayHaveCommas) {
  if (kind === "flag") {
    return [["", ""]];
  }
  const spaces = kind === "grouped" ? " '\u2019\u00a0\u202f" : "";
  if (DECIMAL) {
    const between = mayHaveCommas || DECIMAL === "." ? [] : [[".", ""]]; // as programs write numbers between commas
    return [...between, [DECIMAL, (DECIMAL === "." ? "," : ".") + spaces]];
  }
  const points = mayHaveCommas ? [".", ","] : ["."];
  const found = points.map((point) => [point, ""]);
  if (kind === "grouped") {
    found.push(...points.reverse().map((point) => [point, (point === "." ? "," : ".") + spaces]));
  } else if (mayHaveCommas) {
    found.push([",", "."]);
  }
  return [...found, ["", ""]];
}


/**
 * What a cell holds: null where a value is missing, and the cell itself where it is not as it must be.
 *
 * `isPlain` of numbers among which no cell is blank; where one is, thousands may be parted.
 */
function readCell(cell, point, separators, isPlain) {
  const bare = cell.trim();
  if (isAbsent(cell) || (isAbsent(bare) && !isPlain)) {
    return null;
  }
  return (point ? numeral(bare, point, separators) : truth(bare)) ?? cell;
}


/**
 * What the cells of a column hold: null where a value is missing, and the cell itself where it is not as it must be.
 *
 * All cells of a column are written alike: in the first form that all of them have, or else in the one that most have.
 */
function readCells(cells, kind, mayHaveCommas) {
  if (kind === "text") {
    return cells.map((cell) => (isAbsent(cell) ? null : cell));
  }
  const found = forms(kind, mayHaveCommas).map(([point, separators]) => {
    const isPlain = kind === "grouped" && !separators;
    return cells.map((cell) => readCell(cell, point, separators, isPlain));
  });
  return found[placeOfHighest(found.map((values) => -values.filter((value) => typeof value === "string").length))];
}


/** What a cell must be. */
function expected(kind, mayHaveCommas) {
  const commas = mayHaveCommas && !DECIMAL ? ", or in the whole column such as 1,5" : "";
  const number = `a finite number is expected, such as 1${DECIMAL || "."}5${commas}`;
  const told = kind === "flag" ? "true or false is expected" : number;
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
  const delimiter = [",", ";", "\t"][placeOfHighest([",", ";", "\t"].map((sign) => bare.split(sign).length))];
  const [first, ...lines] = records(text, delimiter);
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
  for (const [column, kind] of Object.entries(COLUMNS)) {
    const name = JSON.stringify(column);
    if (names.filter((each) => each === column).length !== 1) {
      const told = names.includes(column) ? `two columns are named ${name}` : `there is no column ${name}`;
      throw new Error(`${told}; the first line names ${names.slice(0, 20).map((each) => JSON.stringify(each)).join(", ")}`);
    }
    const values = readCells(rows.map(({ cells }) => cells[names.indexOf(column)]), kind, delimiter !== ",");
    for (const [i, value] of values.entries()) {
      if (typeof value === "string" && kind !== "text") {
        const told = `column ${name} is ${JSON.stringify(value.slice(0, 50))}; ${expected(kind, delimiter !== ",")}`;
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


/** The text of a file in UTF-8. */
async function textOf(path) {
  const { readFileSync } = await import("node:fs");
  let bytes;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new Error(`${path} cannot be read: ${error.code === "ENOENT" ? "No such file or directory" : error.message}`);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Error(`${path} is not UTF-8; save it as UTF-8`);
  }
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
