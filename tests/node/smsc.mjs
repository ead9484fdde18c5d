// A message centre on loopback: says what it got as lines of JSON, and does what lines of JSON on its input ask.
import smpp from "smpp";
import readline from "node:readline";

const port = Number(process.argv[2] || 0);
const does = { receipts: "", silent: 0, throttle: 0, refuse: "", hex: false, cutAfter: 0 };
let session = null;
let count = Number(process.argv[3] || 0);

const say = (told) => process.stdout.write(JSON.stringify(told) + "\n");
const text = (told) => (told && told.message !== undefined ? told.message : told) || "";

function receipt(id, pdu, state) {
  const shown = does.hex ? String(parseInt(id, 16)) : id;
  return {
    source_addr: pdu.destination_addr,
    destination_addr: pdu.source_addr,
    esm_class: 4,
    short_message: `id:${shown} sub:001 dlvrd:001 submit date:2611281200 done date:2611281201 stat:${state} err:000 text:`,
  };
}

function submitted(peer, pdu) {
  const udh = pdu.short_message.udh;
  count += 1;
  const id = does.hex ? (0xabc000 + count).toString(16) : `m${count}`;
  say({
    event: "submit", id, to: pdu.destination_addr, from: pdu.source_addr, text: text(pdu.short_message),
    payload: text(pdu.message_payload), coding: pdu.data_coding, ton: [pdu.source_addr_ton, pdu.dest_addr_ton],
    udh: udh ? Array.from(udh[0] || udh) : null, sar: pdu.sar_total_segments || 0,
  });
  if (does.silent > 0) return void (does.silent -= 1);
  if (does.throttle > 0) {
    does.throttle -= 1;
    return void peer.send(pdu.response({ command_status: smpp.ESME_RTHROTTLED }));
  }
  if (does.refuse && pdu.destination_addr.endsWith(does.refuse))
    return void peer.send(pdu.response({ command_status: smpp.ESME_RINVDSTADR }));
  // A receipt may overtake the answer; the other side must bear it.
  if (does.receipts) peer.deliver_sm(receipt(id, pdu, does.receipts), () => say({ event: "receipt taken", id }));
  peer.send(pdu.response({ message_id: id }));
  if (does.cutAfter > 0 && (does.cutAfter -= 1) === 0) process.exit(0);
}

const server = smpp.createServer({}, (peer) => {
  peer.on("error", () => peer.destroy());
  peer.on("bind_transceiver", (pdu) => {
    const status = pdu.password === "s3cret" ? 0 : smpp.ESME_RINVPASWD;
    peer.send(pdu.response({ command_status: status, system_id: "centre" }));
    if (status === 0) session = peer;
    say({ event: "bind", system_id: pdu.system_id, status });
  });
  peer.on("submit_sm", (pdu) => submitted(peer, pdu));
  peer.on("enquire_link", (pdu) => peer.send(pdu.response()));
  peer.on("unbind", (pdu) => { peer.send(pdu.response()); peer.close(); });
  peer.on("close", () => say({ event: "closed" }));
});

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const asked = JSON.parse(line);
  if (asked.ping) say({ event: "pong" });
  if (asked.does) Object.assign(does, asked.does);
  if (asked.deliver) {
    const told = asked.deliver;
    if (told.udh) told.short_message = { udh: Buffer.from(told.udh), message: told.short_message };
    session.deliver_sm(told, (answer) => say({ event: "taken", status: answer.command_status }));
  }
  if (asked.raw) session.socket.write(Buffer.from(asked.raw, "hex"));
}).on("close", () => process.exit(0));

server.on("error", (error) => { say({ event: "error", text: String(error) }); process.exit(1); });
server.listen(port, "127.0.0.1", () => say({ event: "listening", port: server.address().port }));
