// A program that controls calls, as people write them with esl from npm.
//
//     node inbound_esl.js PORT PASSWORD PHONE
'use strict';

const { FreeSwitchClient, once } = require('esl');

const [port, password, phone] = process.argv.slice(2);
const quiet = { debug() {}, info() {}, error() {} };
const TONE = 'tone_stream://%(2000,0,850)';

function say(what) {
  process.stdout.write(JSON.stringify(what) + '\n');
}

// The promise of the next event that is wanted; asked for before what causes it.
function next(call, name, wanted) {
  return new Promise((resolve) => {
    call.on(name, ({ body }) => {
      if (wanted(body)) resolve(body);
    });
  });
}

async function refused() {
  const client = new FreeSwitchClient({ port: Number(port), password: password + '-wrong', logger: quiet });
  const failed = new Promise((resolve) => { client.on('error', resolve); });
  // It says that it is connected all the same.
  const connected = once(client, 'connect');
  client.connect();
  const error = await failed;
  await connected;
  client.end();
  say({ stage: 'refused', text: error.res.headers['Reply-Text'] });
}

async function run() {
  await refused();
  const client = new FreeSwitchClient({ port: Number(port), password, logger: quiet });
  const connected = once(client, 'connect');
  client.connect();
  const [call] = await connected;
  say({ stage: 'status', text: (await call.api('status')).body });
  const failed = await call.api('uuid_kill nobody').catch((error) => error);
  say({ stage: 'failed', text: failed.res.body });
  await call.event_json('CHANNEL_ANSWER', 'CHANNEL_HANGUP_COMPLETE', 'DTMF');
  const answered = next(call, 'CHANNEL_ANSWER', () => true);
  const job = await call.bgapi('originate user/' + phone + ' &park()', 20000);
  const [, uuid] = /^\+OK (\S+)/.exec(job.body._body);
  say({ stage: 'job', text: job.body._body });
  say({ stage: 'answered', same: (await answered)['Unique-ID'] === uuid });
  const pressed = next(call, 'DTMF', () => true);
  const played = await call.command_uuid(uuid, 'playback', TONE, 20000);
  say({ stage: 'played', text: played.body['Application-Data'] });
  say({ stage: 'pressed', digit: (await pressed)['DTMF-Digit'] });
  const ended = next(call, 'CHANNEL_HANGUP_COMPLETE', (event) => event['Unique-ID'] === uuid);
  await call.hangup_uuid(uuid, 'USER_BUSY');
  say({ stage: 'ended', cause: (await ended)['Hangup-Cause'] });
  client.end();
}

run().catch((error) => {
  process.stderr.write(error.stack + '\n');
  process.exit(1);
});
