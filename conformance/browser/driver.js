// Drives real browsers for the Python tests: one JSON object per line in, one per line out, in order.
//
// It also serves the folder `page` on 127.0.0.1, because a browser gives a microphone only to pages from
// this machine or from https.
'use strict';

const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const readline = require('node:readline');

// As long as `Page.wait` of the harness.
const CLICK_MS = 45_000;
const HERE = __dirname;
const FORMS = { '.html': 'text/html', '.js': 'text/javascript' };

/** The library by which the clients take descriptions apart, in a form a browser can import. */
function sdpTransform() {
  const folder = path.join(HERE, 'node_modules/sdp-transform/lib');
  const modules = ['grammar', 'parser', 'writer'].map((name) => (
    `'./${name}': (module, exports, require) => {${fs.readFileSync(path.join(folder, name + '.js'), 'utf8')}\n}`
  ));
  return `const sources = {${modules.join(',\n')}};
    const made = {};
    function require(name) {
      const found = name.replace(/\\.js$/, '');
      if (!made[found]) {
        const module = { exports: {} };
        sources[found](module, module.exports, require);
        made[found] = module.exports;
      }
      return made[found];
    }
    export const parse = require('./parser').parse;
    export const write = require('./writer');`;
}

const browsers = new Map();
const pages = new Map();

const server = http.createServer((request, response) => {
  const name = new URL(request.url, 'http://x').pathname;
  if (name === '/sdp_transform.js') {
    response.writeHead(200, { 'content-type': 'text/javascript' }).end(sdpTransform());
    return;
  }
  const folder = path.join(HERE, 'page');
  const file = path.join(folder, path.normalize(name));
  if (!file.startsWith(folder) || !fs.existsSync(file) || fs.statSync(file).isDirectory()) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, { 'content-type': FORMS[path.extname(file)] || 'text/plain', 'cache-control': 'no-store' });
  fs.createReadStream(file).pipe(response);
});

const CHROMIUM = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage',
  '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream',
  // Tests run where there may be no network but loopback; browsers leave that out otherwise.
  '--allow-loopback-in-peer-connection',
  // The ears of the tests need sound before anybody has clicked.
  '--autoplay-policy=no-user-gesture-required',
];

const FIREFOX = {
  'media.navigator.streams.fake': true,
  'media.navigator.audio.fake_frequency': 700,
  'media.navigator.permission.disabled': true,
  'media.peerconnection.ice.loopback': true,
  'media.peerconnection.ice.obfuscate_host_addresses': false,
  // A page that may always use both gets all addresses as candidates. Others get those of the default route alone, and
  // where there is no network but loopback, there is none.
  'permissions.default.microphone': 1,
  'permissions.default.camera': 1,
  'media.autoplay.default': 0,
  'media.gmp-manager.updateEnabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'browser.safebrowsing.update.enabled': false,
};

const commands = {
  async launch({ browser, kind, program, folder, tone, trusting, soundCard }) {
    const { launch } = await import('puppeteer-core');
    const common = {
      headless: true, executablePath: program, userDataDir: folder, protocolTimeout: 60000,
      // For certificates of the test's own making.
      acceptInsecureCerts: trusting,
      env: soundCard ? { ...process.env, PULSE_SERVER: soundCard } : process.env,
    };
    const started = kind === 'firefox'
      ? await launch({ ...common, browser: 'firefox', extraPrefsFirefox: FIREFOX })
      : await launch({
        ...common,
        args: [
          ...CHROMIUM,
          ...(tone ? [`--use-file-for-fake-audio-capture=${tone}`] : []),
        ],
      });
    browsers.set(browser, started);
    return await started.version();
  },

  async open({ browser, page, url, width, height, touch }) {
    const opened = await browsers.get(browser).newPage();
    const seen = { errors: [], asked: [] };
    opened.on('console', (message) => {
      if (message.type() === 'error') seen.errors.push(message.text());
    });
    opened.on('pageerror', (error) => seen.errors.push(String(error)));
    opened.on('request', (request) => seen.asked.push(request.url()));
    // "Leave this page?" is answered as a person would who pressed reload.
    opened.on('dialog', (dialog) => dialog.accept().catch(() => {}));
    await opened.setViewport({ width: width || 1280, height: height || 900, hasTouch: touch || false });
    pages.set(page, { opened, seen });
    await opened.goto(url.replace('{here}', `http://127.0.0.1:${server.address().port}`));
    return null;
  },

  async evaluate({ page, expression }) {
    return await pages.get(page).opened.evaluate(expression);
  },

  async press({ page, key, shift }) {
    const { keyboard } = pages.get(page).opened;
    if (shift) await keyboard.down('Shift');
    await keyboard.press(key);
    if (shift) await keyboard.up('Shift');
    return null;
  },

  async type({ page, text }) {
    await pages.get(page).opened.keyboard.type(text);
    return null;
  },

  // With the button held from the first spot to the last one, by steps a hand would make.
  async drag({ page, spots }) {
    const { mouse } = pages.get(page).opened;
    const [[x, y], ...more] = spots;
    await mouse.move(x, y);
    await mouse.down();
    for (const [left, top] of more) await mouse.move(left, top, { steps: 8 });
    await mouse.up();
    return null;
  },

  // With a finger that stays on the glass from the first spot to the last one; `beside` has another finger come down there on
  // the way, for as long as the first one stays.
  async finger({ page, spots, beside }) {
    const { touchscreen } = pages.get(page).opened;
    const [[x, y], ...more] = spots;
    const finger = await touchscreen.touchStart(x, y);
    let [left, top] = [x, y];
    for (const [at, [toLeft, toTop]] of more.entries()) {
      for (let step = 1; step <= 8; step += 1) {
        await finger.move(left + (toLeft - left) * step / 8, top + (toTop - top) * step / 8);
      }
      [left, top] = [toLeft, toTop];
      if (beside && at === 0) {
        const other = await touchscreen.touchStart(...beside);
        await other.move(beside[0] + 15, beside[1] + 15);
        await other.end();
      }
    }
    await finger.end();
    return null;
  },

  async click({ page, selector }) {
    // Once it stands still: what moves away between looking and pressing is not pressed.
    await pages.get(page).opened.locator(selector).setTimeout(CLICK_MS).click();
    return null;
  },

  async look({ page, path: file, width, height, dark }) {
    const { opened } = pages.get(page);
    if (width) await opened.setViewport({ width, height });
    if (dark !== undefined) await commands.scheme({ page, dark });
    // Colours fade into each other.
    await new Promise((resolve) => setTimeout(resolve, 300));
    await opened.screenshot({ path: file, fullPage: true });
    return null;
  },

  async size({ page, width, height }) {
    await pages.get(page).opened.setViewport({ width, height });
    return null;
  },

  async scheme({ page, dark }) {
    const scheme = { name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' };
    await pages.get(page).opened.emulateMediaFeatures([scheme]);
    return null;
  },

  // Through the debugger, so that the page's own policy stays in force.
  async accessibility({ page }) {
    const { opened } = pages.get(page);
    // Behind another page nothing is drawn, and fading does not end.
    await opened.bringToFront();
    const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
    await opened.evaluate(`${axe}; null`);
    // Colours fade into each other: only the last ones count.
    await opened.evaluate(`(async () => {
      for (const _ of [1, 2]) await new Promise((drawn) => requestAnimationFrame(drawn));
      const fading = document.getAnimations().filter((one) => one instanceof CSSTransition);
      await Promise.all(fading.map((one) => one.finished.catch(() => null)));
    })()`);
    return await opened.evaluate(`axe.run().then(({ violations, passes }) => ({
      passes: passes.length,
      violations: violations.map(({ id, help, nodes }) => ({ id, help, nodes: nodes.map((node) => node.html) })),
    }))`);
  },

  async seen({ page }) {
    return pages.get(page).seen;
  },

  async reload({ page }) {
    await pages.get(page).opened.reload();
    return null;
  },

  async shut({ page }) {
    await pages.get(page).opened.close({ runBeforeUnload: false });
    pages.delete(page);
    return null;
  },

  async end({ browser }) {
    await browsers.get(browser).close();
    browsers.delete(browser);
    return null;
  },
};

// What hangs is an error of the test that asked for it; the browsers are there for the others.
function within(limit, work) {
  let late;
  const over = new Promise((_, fail) => {
    late = setTimeout(() => fail(new Error(`not done within ${limit} ms`)), limit);
  });
  return Promise.race([work, over]).finally(() => clearTimeout(late));
}

async function main() {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  for await (const line of readline.createInterface({ input: process.stdin })) {
    let said;
    try {
      const request = JSON.parse(line);
      said = { done: (await within(request.limit_ms, commands[request.do](request))) ?? null };
    } catch (error) {
      said = { failed: String(error && error.stack || error) };
    }
    process.stdout.write(JSON.stringify(said) + '\n');
  }
  for (const browser of browsers.values()) await browser.close().catch(() => {});
  process.exit(0);
}

main();
