// A program that answers calls, as people write them with modesl: the switch connects to it.
//
//     node outbound_modesl.js PORT OTHER_PHONE
'use strict';

const esl = require('modesl');

const [port, other] = process.argv.slice(2);

function say(what) {
  process.stdout.write(JSON.stringify(what) + '\n');
}

const server = new esl.Server({ port: Number(port), host: '127.0.0.1', myevents: true }, () => {
  say({ stage: 'listens' });
});

server.on('connection::ready', (connection) => {
  say({ stage: 'connected', number: connection.getInfo().getHeader('Channel-Destination-Number') });
  // Its callback comes with the CHANNEL_EXECUTE_COMPLETE of the application.
  connection.execute('answer', '', () => {
    connection.execute('playback', 'tone_stream://%(1500,0,850)', () => {
      say({ stage: 'played' });
      const wanted = '1 1 1 10000 # tone_stream://%(200,0,850) silence choice \\d 2000';
      connection.execute('play_and_get_digits', wanted, (event) => {
        say({ stage: 'pressed', digit: event.getHeader('variable_choice') });
        connection.execute('bridge', 'user/' + other);
      });
    });
  });
});
