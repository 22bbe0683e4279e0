import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { maskValue, renderPage } from '../../examples/demo/rootfs/etc/services.d/welcome/page.ts';

const content = { user: 'lintel (uid 1000, gid 100)', startedAt: new Date(0), links: [], variables: {} };

describe("the demo's page", () => {
  test('shows what the boot is about and nothing else of the environment', () => {
    const page = renderPage({
      ...content,
      variables: {
        UV_DEFAULT_INDEX: 'https://packages.example/simple',
        R_REPOSITORY: '',
        DATABASE: 'private',
      },
    });
    assert.match(page, /<dt>UV_DEFAULT_INDEX<\/dt><dd>https:\/\/packages\.example\/simple<\/dd>/);
    assert.match(page, /<dt>R_REPOSITORY<\/dt><dd><span class="none">empty<\/span><\/dd>/);
    assert.doesNotMatch(page, /DATABASE|private/);
  });

  test('escapes every text that it was given', () => {
    const evil = `<script>"'&`;
    const page = renderPage({
      user: evil,
      startedAt: new Date(0),
      links: [{ name: evil, address: evil, isWeb: true, answers: true }],
      variables: { [`PIP_${evil}`]: evil, WELCOME_TEXT: evil },
    });
    assert.doesNotMatch(page, /<script/);
    assert.equal(page.split('&lt;script&gt;&quot;&#39;&amp;').length - 1, 7);
  });

  test('links only what answers', () => {
    const link = { name: 'Jupyter', address: 'http://127.0.0.1:8888/', isWeb: true };
    const up = renderPage({ ...content, links: [{ ...link, answers: true }] });
    const down = renderPage({ ...content, links: [{ ...link, answers: false }] });
    assert.match(up, /<a href="http:\/\/127\.0\.0\.1:8888\/">/);
    assert.doesNotMatch(down, /<a href/);
  });

  for (const [name, value, shown] of [
    ['PIP_INDEX_URL', 'https://me:pass@host.example/simple', 'https://•••@host.example/simple'],
    ['PIP_INDEX_URL', 'https://me@host.example/', 'https://•••@host.example/'],
    [
      'PIP_EXTRA',
      'https://a:b@one.example https://c:d@two.example',
      'https://•••@one.example https://•••@two.example',
    ],
    [
      'R_REPOSITORY',
      'https://host.example/cran?auth_token=abc&x=1',
      'https://host.example/cran?auth_token=•••&x=1',
    ],
    ['GIT_TOKEN', 'abc', '•••'],
    ['CONDA_API_KEY', 'abc', '•••'],
    ['PIP_CERT', '/etc/ssl/cert.pem', '/etc/ssl/cert.pem'],
    ['PATH_TO_CA_BUNDLE', 'x'.repeat(300), `${'x'.repeat(240)}…`],
  ] as const) {
    test(`shows ${name}=${value.slice(0, 60)} as ${shown.slice(0, 60)}`, () => {
      assert.equal(maskValue(name, value), shown);
    });
  }
});
