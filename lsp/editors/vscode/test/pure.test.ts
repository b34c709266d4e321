import assert from "node:assert/strict";
import { test } from "node:test";
import { cannotStart, program } from "../src/binary";
import { apology, firstSvg, page } from "../src/page";
import { outcomes, testsIn } from "../src/report";
import { run } from "../src/run";

test("the program is the one of the setting", () => {
  assert.equal(program("", "/p"), "onward");
  assert.equal(program("onward-next", "/p"), "onward-next");
  assert.equal(program("./target/debug/onward", "/p"), "/p/target/debug/onward");
  assert.equal(program("/bin/onward", "/p"), "/bin/onward");
  assert.match(cannotStart("onward", "ENOENT"), /PATH/);
});

test("a report has the tests with their files", () => {
  const text = `{"tests":[
    {"name":"a","file":"rules/a.onward","line":3,"passed":true,"failures":[]},
    {"name":"b","file":"/x/b.onward","line":9,"passed":false,"failures":[{"message":"no mail","line":12},{"message":"odd"}]}
  ]}`;
  const [a, b] = outcomes(text, "/p");
  assert.deepEqual(a, { name: "a", file: "/p/rules/a.onward", line: 3, passed: true, failures: [] });
  assert.equal(b?.file, "/x/b.onward");
  assert.deepEqual(b?.failures, [{ message: "no mail", line: 12 }, { message: "odd", line: undefined }]);
});

test("what is no report is said", () => {
  assert.throws(() => outcomes("error: nothing here", "/p"), /nothing here/);
  assert.throws(() => outcomes("{}", "/p"), /list of tests/);
});

test("tests are found in a text, but not in what a text shows", () => {
  const source = 'test "one" {\n}\ntemplate a email { text """\ntest "no" {\n""" }\n  test "two \\"x\\"" # b\n{ }\n# test "c" {\ntests "d" {';
  assert.deepEqual(testsIn(source), [{ name: "one", line: 0 }, { name: 'two "x"', line: 5 }]);
});

test("a graph is shown without scripts of its own", () => {
  const svg = firstSvg('<?xml version="1.0"?><svg><script>x()</script><g/></svg>\n');
  assert.ok(svg);
  const html = page(svg, "self", "n");
  assert.match(html, /<svg><g\/><\/svg>/);
  assert.doesNotMatch(html, /x\(\)/);
  assert.match(html, /script-src 'nonce-n'/);
  assert.equal(firstSvg("error"), undefined);
  assert.match(apology("<b>"), /&lt;b&gt;/);
});

test("a command that runs and one that does not exist", async () => {
  const { code, output } = await run(process.execPath, ["-e", "console.log(1)"], process.cwd());
  assert.deepEqual([code, output], [0, "1\n"]);
  await assert.rejects(run("/no/such/program", [], process.cwd()), { code: "ENOENT" });
});
