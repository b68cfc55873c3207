import { describe, expect, it } from "vitest";
import { type NameUse, PickledName, PickledObject, readPickle } from "./pickle.ts";

const names: ReadonlyMap<string, NameUse> = new Map([
  ["a.Made", { use: "instance", hasState: true }],
  ["a.called", { use: "call", hasState: false }],
  ["a.Named", { use: "name", hasState: false }],
]);

/** A pickle of protocol 4 from its opcodes, one character for each byte. */
function read(opcodes: string, head = "\x80\x04") {
  return readPickle(Buffer.from(head + opcodes, "latin1"), names);
}

const named = (name: string) => `\x8c\x01a\x8c${String.fromCharCode(name.length)}${name}\x93`;

describe("a pickle is read as data", () => {
  // Each as `pickletools.dis` has it.
  it.each([
    ["None", "N.", null],
    ["True", "\x88.", true],
    ["False", "\x89.", false],
    ["200", "K\xc8.", 200],
    ["1000", "M\xe8\x03.", 1000],
    ["-2", "J\xfe\xff\xff\xff.", -2],
    ["2 ** 40", "\x8a\x06\x00\x00\x00\x00\x00\x01.", 2 ** 40],
    ["-129", "\x8a\x02\x7f\xff.", -129],
    ["0 in no bytes", "\x8a\x00.", 0],
    ["1.5", "G\x3f\xf8\x00\x00\x00\x00\x00\x00.", 1.5],
    ['"é"', "\x8c\x02\xc3\xa9.", "é"],
    ['"b" of a long form', "X\x01\x00\x00\x00b.", "b"],
    ['"b" of the longest form', "\x8d\x01\x00\x00\x00\x00\x00\x00\x00b.", "b"],
    ["()", ").", []],
    ["(1,)", "K\x01\x85.", [1]],
    ["(1, 2)", "K\x01K\x02\x86.", [1, 2]],
    ["(1, 2, 3)", "K\x01K\x02K\x03\x87.", [1, 2, 3]],
    ["(1, None, 3, 4)", "(K\x01NK\x03K\x04t.", [1, null, 3, 4]],
    ["[1, [2, 3]]", "](K\x01](K\x02K\x03ee.", [1, [2, 3]]],
    ["[1]", "]K\x01a.", [1]],
    ['{"x": 1}', "}\x8c\x01xK\x01s.", new Map([["x", 1]])],
    [
      '{"x": 1, "y": 2}',
      "}(\x8c\x01xK\x01\x8c\x01yK\x02u.",
      new Map([
        ["x", 1],
        ["y", 2],
      ]),
    ],
    ['("x", "x")', "\x8c\x01x\x94h\x00\x86.", ["x", "x"]],
    ['("x", "x") of long numbers', "\x8c\x01x\x94j\x00\x00\x00\x00\x86.", ["x", "x"]],
    ["a frame", "\x95\x02\x00\x00\x00\x00\x00\x00\x00K\x07.", 7],
  ])("%s", (_, opcodes, value) => {
    expect(read(opcodes)).toEqual(value);
  });

  it.each([
    ["C\x02"],
    ["B\x02\x00\x00\x00"],
    ["\x8e\x02\x00\x00\x00\x00\x00\x00\x00"],
    ["\x96\x02\x00\x00\x00\x00\x00\x00\x00"],
  ])("bytes after %j are those of the pickle, not copies", (opcode) => {
    const pickle = Buffer.from(`\x80\x05${opcode}\x07\x08.`, "latin1");
    const found = readPickle(pickle, names);
    expect(found).toEqual(Buffer.from([7, 8]));
    pickle[pickle.length - 2] = 9;
    expect(found).toEqual(Buffer.from([7, 9]));
  });

  it("what Python would make is a name, what it would be given, and what it would be told", () => {
    const made = read(`${named("Made")})\x81}\x8c\x01xK\x01sb.`);
    expect(made).toBeInstanceOf(PickledObject);
    expect(made).toMatchObject({ name: "a.Made", given: [], state: new Map([["x", 1]]) });
    expect(read(`${named("called")}K\x05\x85R.`)).toMatchObject({ name: "a.called", given: [5], state: undefined });
    expect(read(`${named("Named")}.`)).toEqual(new PickledName("a.Named"));
  });
});

describe("a pickle is refused in one line", () => {
  const nested = (depth: number) => `${"]".repeat(depth)}${"a".repeat(depth - 1)}.`;
  it.each([
    [
      "os.system by a name on the stack",
      "\x8c\x02os\x8c\x06system\x93\x8c\x02id\x85R.",
      'got "os.system"; it is not executed',
    ],
    ["os.system by GLOBAL", "cos\nsystem\n\x8c\x02id\x85R.", "got GLOBAL at byte 2; it is not executed"],
    ["os.system by INST", "(\x8c\x02idios\nsystem\n.", "got INST at byte 7; it is not executed"],
    ["OBJ", "(o.", "got OBJ at byte 3"],
    ["NEWOBJ_EX", `${named("Made")})}\x92.`, "got NEWOBJ_EX"],
    ["an extension", "\x82\x01.", "got EXT1"],
    ["a persistent id", "\x8c\x01xQ.", "got BINPERSID"],
    ["a buffer out of band", "\x97.", "got NEXT_BUFFER"],
    ["no opcode", "\xff.", "got byte 255, which is no opcode"],
    ["a class that is only named, called", `${named("Named")})R.`, "expected a.Named as LeRobot's client sends it"],
    ["a class that is only named, made", `${named("Named")})\x81.`, "expected a.Named as LeRobot's client sends it"],
    ["a function, made", `${named("called")})\x81.`, "expected a.called as LeRobot's client sends it"],
    ["a class, called", `${named("Made")})R.`, "expected a.Made as LeRobot's client sends it"],
    ["a class, made with arguments", `${named("Made")}K\x01\x85\x81.`, "expected a.Made as LeRobot's client sends it"],
    ["a text, called", "\x8c\x01x)R.", "expected a name and a tuple to call it with"],
    ["a call with no tuple", `${named("called")}NR.`, "expected a name and a tuple to call it with"],
    ["a state of what has none", `${named("called")})R}b.`, "expected a state of an object that has one"],
    ["a state of a dict", "}}b.", "expected a state of an object that has one"],
    ["two states", `${named("Made")})\x81}b}b.`, "expected one state of a.Made, got two"],
    ["a name that is no text", "K\x01\x8c\x01x\x93.", "expected a class by its module and name"],
    ["a module that is no text", "\x8c\x01xK\x01\x93.", "expected a class by its module and name"],
    ["a name of many characters", `\x8c\x01a\x8c\xff${"\n".repeat(255)}\x93.`, `got "a.${"?".repeat(75)}..."`],
    ["an older protocol", "N.", "expected protocol 4 or 5", "\x80\x02"],
    ["a newer protocol", "N.", "expected protocol 4 or 5", "\x80\x06"],
    ["no protocol", "N.", "expected protocol 4 or 5", "N\x05"],
    ["nothing", "", "expected 1 more bytes at byte 0, got 0", ""],
    [
      "a pickle cut short",
      "\x8c\x05abc",
      "expected 5 more bytes at byte 4, got 3; it is cut short, or says a wrong length",
    ],
    ["no end", "N", "expected 1 more bytes at byte 3, got 0"],
    ["more bytes than there are", "B\xff\xff\xff\xff.", "expected 4294967295 more bytes"],
    ["more bytes than any number", "\x8e\xff\xff\xff\xff\xff\xff\xff\xff.", "expected 18446744073709552000 more bytes"],
    ["a frame of more bytes than there are", "\x95\x09\x00\x00\x00\x00\x00\x00\x00N.", "expected 9 more bytes"],
    [
      "a whole number of 9 bytes",
      `\x8a\x09${"\x00".repeat(9)}.`,
      "expected whole numbers below 2⁵³, got one of 9 bytes",
    ],
    ["a whole number that no float holds", "\x8a\x07\x01\x00\x00\x00\x00\x00\x20.", "expected whole numbers below 2⁵³"],
    ["a text that is none", "\x8c\x01\xff.", "expected a text in UTF-8"],
    ["a value that was never seen", "h\x05.", "expected one of the 0 values before, got number 5"],
    ["a dict under numbers", "}K\x01K\x02s.", "expected a dict of values under texts"],
    ["a key without a value", "}(\x8c\x01xu.", "expected a dict of values under texts"],
    ["an item of a list", "]\x8c\x01xK\x01s.", "expected a dict to set items of"],
    ["an element of a dict", "}K\x01a.", "expected a list to append to"],
    ["an end without a value", ".", "expected a value before an opcode that takes one"],
    ["a mark in place of a value", "(.", "expected a value before an opcode that takes one"],
    ["a group without a beginning", "K\x01t.", "expected a mark before an opcode that takes a group"],
    ["two values", "NN.", "expected one value, got more behind it"],
    ["bytes behind the end", "N.N", "expected one value, got more behind it"],
    ["34 lists within each other", nested(34), "expected values within 32 others, got more"],
    ["33 tuples within each other", `${")"}${"\x85".repeat(32)}.`, "expected values within 32 others, got more"],
    [
      "10,001 values that are not put away",
      `${"N".repeat(10_001)}.`,
      "expected at most 10000 values that are not put away",
    ],
    ["100,001 opcodes", `N${"\x94".repeat(100_000)}.`, "expected at most 100000 opcodes, got more"],
  ])("%s", (_, opcodes, said, head = "\x80\x04") => {
    expect(() => read(opcodes, head)).toThrow(said);
    expect(() => read(opcodes, head)).toThrow(/^pickle: [^\n]+$/);
  });

  it("33 lists within each other, and as many values as may be, are read", () => {
    expect(JSON.stringify(read(nested(33)))).toBe("[".repeat(33) + "]".repeat(33));
    expect(read(`(${"N".repeat(9_999)}t.`)).toHaveLength(9_999);
    expect(read(`N${"\x94".repeat(99_998)}.`)).toBe(null);
  });

  it("a list that holds itself is nested without end, and refused no later than that", () => {
    expect(read("]\x94h\x00a.")).toHaveLength(1);
    expect(() => read(`]\x94${"h\x00a".repeat(33)}.`)).toThrow("expected values within 32 others");
  });
});
