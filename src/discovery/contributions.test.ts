import { Global, Module, type ModuleMetadata, type Provider, Scope } from '@nestjs/common';
import { DiscoveryModule, DiscoveryService } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { describe, expect, it, vi } from 'vitest';
import { describeFailure, findContributions, LimitedCall } from './contributions.js';
import { type MetricContribution, MetricSource } from './metric-source.js';

@MetricSource()
class Marked implements MetricContribution {
  metrics() {
    return [];
  }
}

class Inherited extends Marked {}

class Finder {}

/** Returns the names of the classes found; names of providers in the module of {@link Finder} are in upper case. */
async function find(providers: Provider[], imports: ModuleMetadata['imports'] = []): Promise<string[]> {
  @Global()
  @Module({ imports: [DiscoveryModule], providers: [Finder, ...providers] })
  class FinderModule {}
  const module = await Test.createTestingModule({ imports: [...imports, FinderModule] }).compile();
  const found = findContributions<MetricContribution>(
    module.get(DiscoveryService, { strict: false }),
    MetricSource,
    'metrics',
    module.get(Finder),
  );
  return found.map(({ source, isOwn }) => (isOwn ? source.toUpperCase() : source));
}

describe(findContributions.name, () => {
  it('finds each marked provider of every kind once, and no others', async () => {
    const providers = [
      { provide: 'class', useClass: Marked },
      { provide: 'factory', useFactory: () => Promise.resolve(new Inherited()) },
      { provide: 'value', useValue: new Marked() },
      { provide: 'alias', useExisting: 'value' },
      { provide: 'null', useValue: null },
      { provide: 'nothing', useValue: Object.create(null) as object },
      { provide: 'text', useValue: 'text' },
    ];
    expect(await find(providers)).toEqual(['MARKED', 'INHERITED', 'MARKED']);
  });

  it('returns providers of the module of the finder first', async () => {
    @Module({ providers: [Inherited] })
    class Guest {}
    expect(await find([Marked], [Guest])).toEqual(['MARKED', 'Inherited']);
  });

  it.each([
    ['is request-scoped', { provide: Marked, useClass: Marked, scope: Scope.REQUEST }],
    ['is transient', { provide: Marked, useClass: Marked, scope: Scope.TRANSIENT }],
    ['has no method metrics', { provide: Marked, useValue: Object.assign(new Marked(), { metrics: 1 }) }],
  ])('refuses a provider that %s', async (why, provider) => {
    await expect(find([provider])).rejects.toMatchObject({
      code: 'CONTRIBUTION_UNUSABLE',
      message: expect.stringMatching(
        new RegExp(`^Marked is marked as a contribution but .*${why.slice(-9)}`),
      ) as string,
    });
  });
});

describe(LimitedCall.name, () => {
  it('passes on results and errors, and makes a new call each time', async () => {
    const call = vi.fn<() => number>();
    const sut = new LimitedCall(call, 60_000);
    call.mockReturnValueOnce(1).mockImplementationOnce(() => {
      throw new Error('no');
    });
    await expect(sut.result()).resolves.toBe(1);
    await expect(sut.result()).rejects.toThrow('no');
    call.mockReturnValueOnce(2);
    await expect(sut.result()).resolves.toBe(2);
  });

  it('stops waiting after the limit, and makes no second call while the first one runs', async () => {
    let resolve!: (text: string) => void;
    const promise = new Promise<string>((done) => (resolve = done));
    const call = vi.fn(() => promise);
    const sut = new LimitedCall(call, 1);
    for (let i = 0; i < 3; i++)
      await expect(sut.result()).rejects.toMatchObject({ code: 'CONTRIBUTION_TIMEOUT' });
    expect(call).toHaveBeenCalledOnce();
    resolve('late');
    expect([await sut.result(), await sut.result()]).toEqual(['late', 'late']);
    expect(call).toHaveBeenCalledTimes(2);
  });
});

it('a failure is described with a stack if it is a defect, and without one if a limit was exceeded', async () => {
  expect(describeFailure(new TypeError('x'))).toMatchObject({
    message: 'x',
    fields: { code: 'CONTRIBUTION_FAILED', stack: expect.stringContaining('TypeError: x') as string },
  });
  expect(describeFailure('thrown text')).toMatchObject({
    message: 'thrown text',
    code: 'CONTRIBUTION_FAILED',
  });
  const error: unknown = await new LimitedCall(() => new Promise(() => undefined), 1)
    .result()
    .catch((e: unknown) => e);
  expect(describeFailure(error).fields).toEqual({ code: 'CONTRIBUTION_TIMEOUT' });
});
