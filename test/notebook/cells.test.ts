import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stayBusy, type Tslab } from '../../src/notebook/cells.js';

test('stayBusy: answers to the editor do not make a running kernel look idle; each request has its own end', () => {
  const said: string[] = [];
  class ZmqServer {
    publishStatus(status: string, parent: { header: { msg_type: string } }): void {
      said.push(`${status} ${parent.header.msg_type}`);
    }
  }
  stayBusy({ jupyter: { ZmqServer, lastWriteDisplayData: null } } as unknown as Tslab);
  const server = new ZmqServer();
  const [cell, next, question] = ['execute_request', 'execute_request', 'complete_request'].map((msg_type) => ({
    header: { msg_type },
  }));
  const during = (steps: () => void): string[] => {
    said.length = 0;
    steps();
    return [...said];
  };
  const ask = (): void => {
    server.publishStatus('busy', question!);
    server.publishStatus('idle', question!);
  };
  assert.deepEqual(during(ask), ['busy complete_request', 'idle complete_request']);
  server.publishStatus('busy', cell!);
  assert.deepEqual(during(ask), ['busy complete_request', 'idle complete_request', 'busy execute_request']);
  server.publishStatus('busy', next!);
  assert.deepEqual(
    during(() => server.publishStatus('idle', cell!)),
    ['idle execute_request', 'busy execute_request'],
  );
  assert.deepEqual(
    during(() => server.publishStatus('idle', next!)),
    ['idle execute_request'],
  );
});
