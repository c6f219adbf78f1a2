// Looks into zero-cache's file, as others look into ours.
//
//   node zero_reader.mjs MODULES FILE follow             prints "TAB id TAB 1 TAB at_us TAB 2" for each new row of table ping
//   node zero_reader.mjs MODULES FILE await SQL VALUE    ends when the query's first value is that one

import { createRequire } from 'node:module';

const [modules, file, what, sql, value] = process.argv.slice(2);
const Database = createRequire(`${modules}/`)('@rocicorp/zero-sqlite3');
const db = new Database(file, { readonly: true, timeout: 10000 });
const clock = new Int32Array(new SharedArrayBuffer(4));
const pause = (ms) => Atomics.wait(clock, 0, 0, ms);

if (what === 'follow') {
  const newer = db.prepare('SELECT id, at_us FROM ping WHERE id > ? ORDER BY id').raw().safeIntegers();
  const { writeSync } = await import('node:fs');
  for (let last = 0n; ; pause(0.2)) {
    let lines = '';
    for (const [id, at] of newer.all(last)) {
      lines += `\tid\t${id}\tat_us\t${at}\n`;
      last = id;
    }
    try {
      if (lines !== '') writeSync(1, lines);
    } catch {
      process.exit(0); // nobody reads any more
    }
  }
}

const query = db.prepare(sql).pluck();
while (String(query.get()) !== value) pause(20);
