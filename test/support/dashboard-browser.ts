import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** The arguments keep the browser from asking for anything on its own. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-proxy-server',
];

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

/** A browser that opens the dashboard, and notes everything that must not happen in it. */
export class DashboardBrowser {
  /** Violations of the Content-Security-Policy, errors of scripts, and requests to other origins. */
  readonly faults: string[] = [];

  private constructor(private readonly browser: Browser) {}

  /** @param command as `findChromium` returns it. */
  static async start(command: string): Promise<DashboardBrowser> {
    const executablePath = execFileSync('sh', ['-c', 'command -v "$0"', command], {
      encoding: 'utf8',
    }).trim();
    return new DashboardBrowser(await chromium.launch({ executablePath, args: ARGUMENTS }));
  }

  /** Opens the dashboard in a context of its own. @param url base URL of the server, and the part after `#`. */
  async open(url: string, options: BrowserContextOptions = {}): Promise<Page> {
    const context = await this.browser.newContext({ viewport: { width: 1200, height: 900 }, ...options });
    // A busy machine takes longer than the 30 s of Playwright.
    context.setDefaultTimeout(120_000);
    const page = await context.newPage();
    const { origin } = new URL(url);
    page.on('pageerror', (error) => this.faults.push(String(error)));
    page.on('console', (message) => {
      // The browser prints refused and broken connections itself; the page shows them.
      if (message.type() === 'error' && !/WebSocket|Failed to load resource/.test(message.text()))
        this.faults.push(message.text());
    });
    page.on('request', (request) => {
      const { protocol, host } = new URL(request.url());
      const isOwn = host === new URL(origin).host || protocol === 'data:' || protocol === 'blob:';
      if (!isOwn) this.faults.push(`request to ${request.url()}`);
    });
    page.on('websocket', (socket) => {
      if (new URL(socket.url()).host !== new URL(origin).host)
        this.faults.push(`WebSocket to ${socket.url()}`);
    });
    await page.addInitScript(
      `document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
        console.error('Content-Security-Policy: ' + violatedDirective + ' ' + blockedURI));`,
    );
    await page.goto(url);
    return page;
  }

  close(): Promise<void> {
    return this.browser.close();
  }
}

/** Checks the page with axe. @returns each violation with the elements concerned. */
export async function accessibilityViolations(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const { violations } = await page.evaluate<{ violations: Violation[] }>('axe.run()');
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
  );
}

/** Returns a count of the Live page as it is written, such as `1,024` or `0 or more`. */
export async function countTextOf(page: Page, name: string): Promise<string> {
  return (await page.locator(`[data-count="${name}"]`).textContent()) ?? '';
}

/** Returns a count of the Live page, the least number if the page writes `or more`. */
export async function countOf(page: Page, name: string): Promise<number> {
  return Number((await countTextOf(page, name)).replaceAll(',', '').replace(/ or more$/, ''));
}

/** Whether the page scrolls to the side. */
export function scrollsSideways(page: Page): Promise<boolean> {
  return page.evaluate('document.documentElement.scrollWidth > document.documentElement.clientWidth');
}
