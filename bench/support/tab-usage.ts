import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { usageOf } from './process-usage.js';

export interface TabUsage {
  /** Time of the measurement, and CPU time of the process since its start. */
  readonly atSeconds: number;
  readonly cpuSeconds: number;
  /** Memory that no other process shares, as the task manager of Chromium counts it. */
  readonly privateMb: number;
  readonly heapMb: number;
}

/** Returns the usage of the process that renders a page: the renderer that has used most CPU time. Linux only. */
export async function tabUsage(page: Page): Promise<TabUsage> {
  const browser = page.context().browser();
  if (browser === null) throw new Error('the page has no browser');
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const [renderer] = processInfo
    .filter(({ type }) => type === 'renderer')
    .sort((a, b) => b.cpuTime - a.cpuTime);
  const status = readFileSync(`/proc/${renderer.id}/status`, 'utf8');
  const kilobytes = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0);
  const heap = await page.evaluate<number>('performance.memory.usedJSHeapSize');
  return {
    atSeconds: performance.now() / 1000,
    cpuSeconds: usageOf(renderer.id).cpuSeconds,
    privateMb: (kilobytes('RssAnon') + kilobytes('VmSwap')) / 1024,
    heapMb: heap / 2 ** 20,
  };
}
