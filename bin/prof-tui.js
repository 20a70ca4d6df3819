#!/usr/bin/env node
/** Entry of the program: sets what must be set before React is imported, then loads the bundle. Nothing else. */
import { existsSync } from 'node:fs';

process.env.NODE_ENV = 'production';

const bundle = new URL('../dist/cli.js', import.meta.url);
if (existsSync(bundle)) {
  await import(bundle.href);
} else {
  process.stderr.write(
    'prof-tui: dist/cli.js is missing: run `npm start` or `npm run build` in the clone once\n',
  );
  process.exitCode = 1;
}
