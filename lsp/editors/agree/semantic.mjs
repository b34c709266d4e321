// The semantic tokens of `onward lsp`, asked over stdio.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "./paths.mjs";

function binary() {
  const known = [process.env.ONWARD, path.join(root, "target/release/onward"), path.join(root, "target/debug/onward")];
  return known.find((it) => it && existsSync(it));
}

/** A connection to a server: requests have answers, everything else is let go. */
class Client {
  constructor(command, folder) {
    this.waiting = new Map();
    this.next = 1;
    this.rest = Buffer.alloc(0);
    this.process = spawn(command, ["lsp"], { cwd: folder, stdio: ["pipe", "pipe", "ignore"] });
    this.process.stdout.on("data", (data) => this.read(data));
    this.process.stdin.on("error", () => {});
    this.over = new Promise((done) => this.process.on("close", () => {
      for (const give of this.waiting.values()) give(undefined);
      done();
    }));
  }

  read(data) {
    this.rest = Buffer.concat([this.rest, data]);
    for (;;) {
      const head = this.rest.indexOf("\r\n\r\n");
      const length = Number(/Content-Length: (\d+)/i.exec(this.rest.subarray(0, head))?.[1]);
      if (head < 0 || this.rest.length < head + 4 + length) return;
      const message = JSON.parse(this.rest.subarray(head + 4, head + 4 + length));
      this.rest = this.rest.subarray(head + 4 + length);
      if (message.method === undefined) this.waiting.get(message.id)?.(message.result);
      else if (message.id !== undefined) this.send({ id: message.id, result: null });
    }
  }

  send(message) {
    const body = JSON.stringify({ jsonrpc: "2.0", ...message });
    this.process.stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  }

  ask(method, params) {
    const id = this.next++;
    const answer = new Promise((give) => this.waiting.set(id, give));
    this.send({ id, method, params });
    return answer;
  }
}

/** The token type of each UTF-16 unit. */
function spread(text, data, legend) {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  const out = new Array(text.length).fill("none");
  let line = 0;
  let column = 0;
  for (let at = 0; at < data.length; at += 5) {
    column = data[at] === 0 ? column + data[at + 1] : data[at + 1];
    line += data[at];
    out.fill(legend[data[at + 3]], starts[line] + column, starts[line] + column + data[at + 2]);
  }
  return out;
}

/** For each text the token type of each UTF-16 unit; nothing if there is no server that gives them. */
export async function serverTokens(texts) {
  const command = binary();
  if (!command) return undefined;
  const folder = mkdtempSync(path.join(os.tmpdir(), "onward-agree-"));
  const client = new Client(command, folder);
  try {
    const answer = await client.ask("initialize", {
      processId: process.pid,
      rootUri: null,
      capabilities: {
        general: { positionEncodings: ["utf-16"] },
        textDocument: { semanticTokens: { requests: { full: true }, tokenTypes: [], tokenModifiers: [], formats: ["relative"] } },
      },
    });
    const provider = answer?.capabilities?.semanticTokensProvider;
    if (!provider) return undefined;
    client.send({ method: "initialized", params: {} });
    const out = [];
    for (const [at, { text }] of texts.entries()) {
      // Each stands alone: many declare the same names.
      const file = path.join(folder, `${at}.onward`);
      writeFileSync(file, text);
      const uri = pathToFileURL(file).href;
      client.send({ method: "textDocument/didOpen", params: { textDocument: { uri, languageId: "onward", version: 1, text } } });
      const tokens = await client.ask("textDocument/semanticTokens/full", { textDocument: { uri } });
      client.send({ method: "textDocument/didClose", params: { textDocument: { uri } } });
      rmSync(file);
      out.push(spread(text, tokens?.data ?? [], provider.legend.tokenTypes));
    }
    await client.ask("shutdown");
    client.send({ method: "exit" });
    await client.over;
    return out;
  } finally {
    client.process.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}
