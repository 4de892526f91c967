// A program that controls calls, as people write them with esl-lite from npm. It has no `api`, every command is a job.
//
//     node inbound_esl_lite.js PORT PASSWORD PHONE
'use strict';

const { FreeSwitchClient } = require('esl-lite');

const [port, password, phone] = process.argv.slice(2);
const LIMIT = 20000;
const TONE = 'tone_stream://%(2000,0,850)';

function say(what) {
  process.stdout.write(JSON.stringify(what) + '\n');
}

// The library tells nobody but its log what became of the login.
function client(given, onLogin = () => {}) {
  const nothing = () => {};
  const debug = (data, text) => {
    if (text === 'Authenticated') onLogin(data.res.headers.replyText);
  };
  const logger = { trace: nothing, debug, info: nothing, warn: nothing, error: nothing, fatal: nothing };
  logger.child = () => logger;
  return new FreeSwitchClient({ host: '127.0.0.1', port: Number(port), password: given, logger });
}

function next(events, name, wanted) {
  return new Promise((resolve) => {
    events.on(name, ({ body }) => {
      if (wanted(body.data)) resolve(body.data);
    });
  });
}

function sound(outcome) {
  if (outcome instanceof Error) throw outcome;
  return outcome;
}

async function run() {
  const text = await new Promise((resolve) => {
    const stranger = client(password + '-wrong', (reply) => { stranger.end(); resolve(reply); });
  });
  say({ stage: 'refused', text });
  const switchboard = client(password);
  const answered = next(switchboard, 'CHANNEL_ANSWER', () => true);
  const pressed = next(switchboard, 'DTMF', () => true);
  say({ stage: 'status', text: sound(await switchboard.bgapi('status', LIMIT)).body.data._body });
  say({ stage: 'failed', text: sound(await switchboard.bgapi('uuid_kill nobody', LIMIT)).body.data._body });
  const job = sound(await switchboard.bgapi('originate user/' + phone + ' &park()', LIMIT)).body.data._body;
  const [, uuid] = /^\+OK (\S+)/.exec(job);
  say({ stage: 'job', text: job });
  say({ stage: 'answered', same: (await answered)['Unique-ID'] === uuid });
  const played = sound(await switchboard.command_uuid(uuid, 'playback', TONE, LIMIT));
  say({ stage: 'played', text: played.body.data['Application-Data'] });
  say({ stage: 'pressed', digit: (await pressed)['DTMF-Digit'] });
  const ended = next(switchboard, 'CHANNEL_HANGUP_COMPLETE', (event) => event['Unique-ID'] === uuid);
  sound(await switchboard.hangup_uuid(uuid, 'USER_BUSY', LIMIT));
  say({ stage: 'ended', cause: (await ended)['Hangup-Cause'] });
  switchboard.end();
  process.exit(0);
}

run().catch((error) => {
  process.stderr.write(error.stack + '\n');
  process.exit(1);
});
