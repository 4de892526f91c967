// A program as people write them for the event socket, with modesl from npm: events as JSON.
//
// It rings one phone, bridges it to another, sets and reads variables, sends digits, waits for a
// digit, records both directions into a channel of their own, and hangs up. It says what it saw as one
// JSON object per line; the test judges.
//
//     node first_call.js HOST PORT PASSWORD FIRST SECOND RECORDING
'use strict';

const esl = require('modesl');

const [host, port, password, first, second, recording] = process.argv.slice(2);
const legs = [];
const reached = new Map();

function say(what) {
  process.stdout.write(JSON.stringify(what) + '\n');
}

function fail(why) {
  process.stderr.write(why + '\n');
  process.exit(1);
}

// One promise per (event, leg), made by whoever asks first: the event or the one waiting for it.
function moment(name, leg) {
  const key = name + ' ' + leg;
  if (!reached.has(key)) {
    let arrive;
    const promise = new Promise((resolve) => { arrive = resolve; });
    reached.set(key, { promise, arrive });
  }
  return reached.get(key);
}

function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

async function wait(name, leg) {
  const late = setTimeout(() => fail('no ' + name + ' on ' + leg + ' within 10 s'), 10000);
  await moment(name, leg).promise;
  clearTimeout(late);
}

const connection = new esl.Connection(host, Number(port), password, () => {
  connection.events('json', 'all', (reply) => {
    say({ reply: 'subscribe', text: reply.getHeader('Reply-Text') });
    run().catch((error) => fail(String(error)));
  });
});
connection.on('error', (error) => fail('connection: ' + error));

connection.on('esl::event::**', (event) => {
  if (!event || !event.getHeader) return;
  const name = event.getHeader('Event-Name');
  if (!name) return;
  const headers = {};
  for (const header of event.headers) headers[header.name] = header.value;
  if (event.getBody()) headers._body = event.getBody();
  say({ event: headers });
  const leg = event.getHeader('Unique-ID');
  if (name === 'CHANNEL_OUTGOING') {
    legs.push(leg);
    moment('leg', legs.length).arrive();
  }
  moment(name === 'DTMF' ? 'DTMF ' + event.getHeader('DTMF-Digit') : name, leg).arrive();
});

function api(command) {
  return new Promise((resolve) => {
    connection.api(command, (reply) => {
      say({ reply: command, text: reply.getBody() });
      resolve(reply.getBody());
    });
  });
}

async function run() {
  connection.bgapi('originate',
    '{first_call=yes,origination_caller_id_number=900}' + first + ' &bridge(' + second + ')',
    (event) => say({ reply: 'job', text: event.getBody() }));
  await wait('leg', 1);
  await wait('leg', 2);
  const [a, b] = legs;
  await wait('CHANNEL_BRIDGE', a);
  await api('uuid_setvar ' + a + ' mood merry and bright');
  await api('uuid_getvar ' + a + ' mood');
  await api('uuid_getvar ' + a + ' first_call');
  await api('uuid_getvar ' + a + ' nobody_set_this');
  await api('uuid_setvar ' + a + ' RECORD_STEREO true');
  await api('uuid_send_dtmf ' + a + ' 42#');
  say({ stage: 'bridged', a, b });
  await wait('DTMF 7', b);
  await pause(500);
  await api('uuid_record ' + a + ' start ' + recording);
  await wait('RECORD_START', a);
  await pause(3000);
  await api('uuid_record ' + a + ' stop ' + recording);
  await wait('RECORD_STOP', a);
  await api('uuid_kill ' + a);
  await wait('CHANNEL_DESTROY', a);
  await wait('CHANNEL_DESTROY', b);
  await pause(300);
  say({ stage: 'done' });
  connection.disconnect();
  process.exit(0);
}
