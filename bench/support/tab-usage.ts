import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { usageOf } from './process-usage.js';

export interface TabUsage {
  /** Time of the measurement, and CPU time of the processes since their start. */
  readonly atSeconds: number;
  readonly cpuSeconds: number;
  /** Memory that no other process shares, as the task manager of Chromium counts it. */
  readonly privateMb: number;
  readonly heapMb: number;
}

/**
 * Returns the CPU time of all renderer processes of the browser, and the memory of the one that renders the page: the one with most CPU
 * time. The browser holds another one ready for the next page. Linux only.
 */
export async function tabUsage(page: Page): Promise<TabUsage> {
  const browser = page.context().browser();
  if (browser === null) throw new Error('the page has no browser');
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const renderers = processInfo
    .filter(({ type }) => type === 'renderer')
    .sort((a, b) => b.cpuTime - a.cpuTime);
  const heap = await page.evaluate<number>('performance.memory.usedJSHeapSize');
  return {
    atSeconds: performance.now() / 1000,
    cpuSeconds: renderers.reduce((sum, { id }) => sum + usageOf(id).cpuSeconds, 0),
    privateMb: privateMb(renderers[0].id),
    heapMb: heap / 2 ** 20,
  };
}

function privateMb(id: number): number {
  const status = readFileSync(`/proc/${id}/status`, 'utf8');
  const kilobytes = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0);
  return (kilobytes('RssAnon') + kilobytes('VmSwap')) / 1024;
}
