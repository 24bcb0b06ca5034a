/**
 * Writes docs/report.png: the HTML report of a layer, as Chromium shows it.
 *
 * usage: ts-node -T test/screenshot.ts LAYER.zip
 */
import * as fs from 'fs';
import * as path from 'path';
import { pathToFileURL } from 'url';
import { chromium } from 'playwright-core';
import { readContents } from '../lib/inspect/contents';
import { htmlOf } from '../lib/inspect/html';
import { temporaryDirectory } from '../lib/process/leftovers';

async function main(layer: string): Promise<void> {
  const report = path.join(temporaryDirectory('screenshot'), 'report.html');
  fs.writeFileSync(report, htmlOf(readContents(layer)));
  const executablePath = '/usr/bin/chromium-headless-shell';
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
  const page = await browser.newPage({ viewport: { width: 1180, height: 760 } });
  await page.goto(pathToFileURL(report).href);
  await page.screenshot({ path: path.join(__dirname, '../docs/report.png') });
  await browser.close();
}

void main(process.argv[2]);
