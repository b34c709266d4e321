// A mail server and an HTTP receiver that honour idempotency keys, for the end-to-end tests.
//
//   node receivers.mjs [--trouble]
//
// Prints one line of JSON with its ports when both listen. `GET /_seen` tells what arrived, by key: a mail's key is
// its Message-ID, a request's its `webhook-id`. With --trouble some requests are refused for now, and some connections
// break after the request was taken, so that the sender cannot know.

import http from 'node:http';
import { SMTPServer } from 'smtp-server';

const trouble = process.argv.includes('--trouble');
const mails = new Map();
const hooks = new Map();

function note(seen, key, what) {
  const known = seen.get(key);
  if (known) known.arrivals += 1;
  else seen.set(key, { ...what, arrivals: 1 });
}

function header(raw, name) {
  const unfolded = raw.split(/\r?\n\r?\n/, 1)[0].replace(/\r?\n[ \t]+/g, ' ');
  const line = unfolded.split(/\r?\n/).find((l) => l.toLowerCase().startsWith(`${name.toLowerCase()}:`));
  return line ? line.slice(name.length + 1).trim() : null;
}

let sessions = 0;
const smtp = new SMTPServer({
  authOptional: true,
  disabledCommands: ['STARTTLS'],
  onData(stream, session, done) {
    const parts = [];
    stream.on('data', (part) => parts.push(part));
    stream.on('end', () => {
      sessions += 1;
      if (trouble && sessions % 41 === 0) {
        const busy = new Error('try again later');
        busy.responseCode = 451;
        return done(busy);
      }
      const raw = Buffer.concat(parts).toString('utf8');
      note(mails, header(raw, 'Message-ID'), {
        to: session.envelope.rcptTo.map((r) => r.address),
        from: session.envelope.mailFrom.address,
        subject: header(raw, 'Subject'),
        raw,
      });
      done(null, 'taken');
    });
  },
});

let requests = 0;
const web = http.createServer((request, response) => {
  if (request.url === '/_seen') {
    response.setHeader('content-type', 'application/json');
    return response.end(JSON.stringify({ mails: Object.fromEntries(mails), hooks: Object.fromEntries(hooks) }));
  }
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    requests += 1;
    if (trouble && requests % 37 === 0) {
      response.statusCode = 503;
      response.setHeader('retry-after', '0');
      return response.end();
    }
    note(hooks, request.headers['webhook-id'], {
      path: request.url,
      headers: request.headers,
      body: Buffer.concat(parts).toString('utf8'),
    });
    if (trouble && requests % 29 === 0) return request.socket.destroy();
    response.end('{}');
  });
});

// A sender that is killed breaks its connections: that is what the tests are about.
smtp.on('error', () => {});
web.on('clientError', (_, socket) => socket.destroy());

smtp.listen(0, '127.0.0.1', () => {
  web.listen(0, '127.0.0.1', () => {
    console.log(JSON.stringify({ smtp: smtp.server.address().port, http: web.address().port }));
  });
});
