// An SMSC for the tests, over the npm package smpp: SMPP 3.4 on one loopback port, its controls as
// JSON lines on standard input and what it sees as JSON lines on standard output.
//
// in:  {"do": "mo", "from", "to", "text", "ucs2", "reverse", "cut": n, "bind": n}
//          a text; cut keeps n parts, bind is over which
//      {"do": "throttle", "n"} {"do": "mute", "n"} {"do": "drop"} {"do": "receipts", "on", "failed"}
// out: {"saw": "listening", "port"} {"saw": "bound", "who"} {"saw": "gone", "who"}
//      {"saw": "mt", "from", "to", "text", "parts", "coding", "who", "id"} {"saw": "throttled"} {"saw": "muted"}
//      {"saw": "mo", "status": [...]} {"saw": "enquire", "who"}
'use strict';
const smpp = require('smpp');
const readline = require('readline');

const PASSWORD = 'secret';
const UDH_CONCAT = 0x40;
let bound = [], throttle = 0, mute = 0, receipts = true, failed = false, submitted = 0, reference = 0;
const waiting = new Map();

const tell = what => process.stdout.write(JSON.stringify(what) + '\n');

const decode = (bytes, coding) =>
  Buffer.isBuffer(bytes)
    ? coding === 8 ? Buffer.from(bytes).swap16().toString('utf16le') : bytes.toString('latin1')
    : bytes || '';

const encode = (text, ucs2) =>
  ucs2 ? Buffer.from(text, 'utf16le').swap16() : Buffer.from(text, 'latin1');

// A submit_sm's place in its message: by user data header or by the sar_ parameters.
function place(pdu) {
  const udh = pdu.short_message.udh && pdu.short_message.udh[0];
  if (udh && udh[0] === 0) return { ref: udh[2], total: udh[3], n: udh[4] };
  if (pdu.sar_total_segments)
    return { ref: pdu.sar_msg_ref_num, total: pdu.sar_total_segments, n: pdu.sar_segment_seqnum };
  return { ref: 0, total: 1, n: 1 };
}

function submit(session, pdu) {
  if (mute > 0) { mute--; return tell({ saw: 'muted' }); }
  if (throttle > 0) {
    throttle--;
    tell({ saw: 'throttled' });
    session.send(pdu.response({ command_status: smpp.ESME_RTHROTTLED }));
    return;
  }
  const id = `smsc-${++submitted}`;
  session.send(pdu.response({ message_id: id }));
  // 1: whatever becomes of it, 2: only that it failed (SMPP 3.4, 5.2.17)
  if (receipts && pdu.registered_delivery & (failed ? 3 : 1)) receipt(session, pdu, id);
  const { ref, total, n } = place(pdu);
  const key = `${pdu.source_addr}/${pdu.destination_addr}/${ref}/${total}`;
  const parts = waiting.get(key) || new Array(total).fill(null);
  parts[n - 1] = decode(pdu.short_message.message, pdu.data_coding);
  waiting.set(key, parts);
  if (parts.some(part => part === null)) return;
  waiting.delete(key);
  tell({ saw: 'mt', from: pdu.source_addr, to: pdu.destination_addr, text: parts.join(''),
    parts: total, coding: pdu.data_coding, who: session.who, id });
}

function receipt(session, pdu, id) {
  session.deliver_sm({
    source_addr: pdu.destination_addr, destination_addr: pdu.source_addr, esm_class: 4,
    receipted_message_id: id, message_state: failed ? 5 : 2,
    short_message: `id:${id} sub:001 dlvrd:00${failed ? 0 : 1} submit date:2611010000 done date:2611010000 ` +
      `stat:${failed ? 'UNDELIV err:011' : 'DELIVRD err:000'} text:`,
  });
}

function mo(asked) {
  const session = bound[asked.bind || 0];
  if (!session) return tell({ saw: 'mo', status: [], error: 'nobody is bound' });
  const ucs2 = asked.ucs2 || !/^[\x20-\x7e\n]*$/.test(asked.text);
  const bytes = encode(asked.text, ucs2), size = ucs2 ? 134 : 153;
  const whole = { source_addr: asked.from, destination_addr: asked.to,
    source_addr_ton: 1, source_addr_npi: 1, data_coding: ucs2 ? 8 : 0 };
  let parts = [];
  if (bytes.length <= (ucs2 ? 140 : 160)) parts.push({ ...whole, short_message: bytes });
  else {
    const total = Math.ceil(bytes.length / size);
    reference = (reference + 1) & 255;
    for (let n = 0; n < total; n++)
      parts.push({ ...whole, esm_class: UDH_CONCAT, short_message: Buffer.concat([
        Buffer.from([5, 0, 3, reference, total, n + 1]), bytes.subarray(n * size, (n + 1) * size)]) });
  }
  if (asked.reverse) parts.reverse();
  if (asked.cut) parts = parts.slice(0, asked.cut);
  const status = [];
  for (const part of parts)
    session.deliver_sm(part, answer => {
      status.push(answer.command_status);
      if (status.length === parts.length) tell({ saw: 'mo', status, mark: asked.mark });
    });
}

const server = smpp.createServer(session => {
  session.on('error', () => {});
  session.on('close', () => {
    bound = bound.filter(one => one !== session);
    if (session.who) tell({ saw: 'gone', who: session.who });
  });
  session.on('enquire_link', pdu => {
    session.send(pdu.response());
    tell({ saw: 'enquire', who: session.who });
  });
  session.on('unbind', pdu => { session.send(pdu.response()); session.close(); });
  session.on('submit_sm', pdu => submit(session, pdu));
  for (const bind of ['bind_transceiver', 'bind_receiver', 'bind_transmitter'])
    session.on(bind, pdu => {
      if (pdu.password !== PASSWORD) {
        session.send(pdu.response({ command_status: smpp.ESME_RINVPASWD }));
        session.close();
        return;
      }
      session.who = pdu.system_id;
      session.send(pdu.response({ system_id: 'SMSC', sc_interface_version: 0x34 }));
      bound.push(session);
      tell({ saw: 'bound', who: session.who });
    });
});

server.listen(Number(process.argv[2]) || 0, '127.0.0.1', () =>
  tell({ saw: 'listening', port: server.address().port }));

const controls = {
  mo, throttle: asked => { throttle = asked.n; }, mute: asked => { mute = asked.n; },
  drop: () => bound.forEach(session => session.destroy()),
  receipts: asked => { receipts = asked.on; failed = asked.failed || false; },
};
readline.createInterface({ input: process.stdin })
  .on('line', line => { const asked = JSON.parse(line); controls[asked.do](asked); })
  .on('close', () => process.exit(0));
