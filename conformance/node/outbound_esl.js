// A program that answers calls, as people write them with esl from npm: the switch connects to it.
//
//     node outbound_esl.js PORT
'use strict';

const { FreeSwitchServer } = require('esl');

const [port] = process.argv.slice(2);
const quiet = { debug() {}, info() {}, error() {} };
const TONE = 'tone_stream://%(1500,0,850)';
const LIMIT = 20000;

function say(what) {
  process.stdout.write(JSON.stringify(what) + '\n');
}

async function answering(call, data) {
  say({ stage: 'connected', number: data.body['Channel-Destination-Number'] });
  await call.command('answer', '', LIMIT);
  await call.command('playback', TONE, LIMIT);
  say({ stage: 'played' });
  const wanted = '1 1 1 10000 # tone_stream://%(200,0,850) silence choice \\d 2000';
  const { body } = await call.command('play_and_get_digits', wanted, LIMIT);
  say({ stage: 'pressed', digit: body.variable_choice });
  const ended = call.onceAsync('CHANNEL_HANGUP_COMPLETE', LIMIT, 'the end');
  await call.hangup('USER_BUSY');
  say({ stage: 'ended', cause: (await ended).body['Hangup-Cause'] });
}

function fail(error) {
  process.stderr.write(error.stack + '\n');
  process.exit(1);
}

const server = new FreeSwitchServer({ logger: quiet });
server.on('connection', (call, data) => { answering(call, data).catch(fail); });
server.on('error', fail);
server.listen({ host: '127.0.0.1', port: Number(port) }).then(() => say({ stage: 'listens' }));
