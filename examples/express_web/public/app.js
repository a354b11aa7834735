// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// The page: `/` lists and adds items, `/items/<id>` edits one.

import { createCall } from './api.js';

const PER_PAGE = 10;
const $ = (selector, within = document) => within.querySelector(selector);
const main = $('#main');

const call = createCall({ fetch: (...request) => fetch(...request), storage: () => sessionStorage, askForToken });

// Resolves to what the person has entered, or to null.
function askForToken(rejected) {
  const dialog = $('#ask');
  const form = $('form', dialog);
  $('#ask-reason').textContent = rejected
    ? 'The API does not accept this token. Enter the one that it has now.'
    : 'Everybody may read. To change something, enter the token of the API.';
  dialog.returnValue = 'cancel';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      resolve(dialog.returnValue === 'continue' ? form.elements.token.value.trim() : null);
      form.reset();
    }, { once: true });
  });
}

let hiding;
function toast(message) {
  $('#toast').textContent = message;
  clearTimeout(hiding);
  hiding = setTimeout(() => { $('#toast').textContent = ''; }, 6000);
}

// Runs what a person asked for, once at a time; when it fails a message is shown. The control keeps the focus, which a
// disabled one would lose.
async function attempt(control, action) {
  if (control.ariaBusy === 'true') return;
  control.ariaBusy = 'true';
  try {
    await action();
  } catch (error) {
    toast(error.message);
  } finally {
    control.ariaBusy = 'false';
  }
}

function fields(form) {
  const values = Object.fromEntries(new FormData(form));
  return { ...values, quantity: Number(values.quantity) };
}

function show(template, title) {
  document.title = title ? `${title} · Stockroom` : 'Stockroom';
  main.replaceChildren($(`#${template}`).content.cloneNode(true));
}

function listPage() {
  show('list');
  const state = { page: 1, q: '' };
  let asked = 0;

  async function refresh() {
    const question = ++asked;
    const query = new URLSearchParams({ page: state.page, per_page: PER_PAGE, q: state.q });
    const found = await call('GET', `/api/items?${query}`);
    // Answers may overtake one another, and the page may have been left meanwhile.
    if (question !== asked || !$('#rows')) return;
    if (state.page > Math.max(found.pages, 1)) {
      state.page = Math.max(found.pages, 1);
      await refresh();
      return;
    }
    const focused = document.activeElement.ariaLabel;
    $('#rows').replaceChildren(...found.items.map((item) => row(item, refresh)));
    // The rows are new, the person is still where they were.
    if (focused) main.querySelector(`[aria-label="${CSS.escape(focused)}"]`)?.focus();
    $('#empty').textContent = state.q ? 'No item has that in its name.' : 'Nothing here yet. Add the first item above.';
    $('#empty').hidden = found.total > 0;
    $('table', main).hidden = found.total === 0;
    $('#pages').hidden = found.pages < 2;
    $('#place').textContent = `Page ${found.page} of ${found.pages} · ${found.total} items`;
    $('#previous').disabled = found.page === 1;
    $('#next').disabled = found.page === found.pages;
  }

  const turn = (by) => { state.page += by; refresh().catch((error) => toast(error.message)); };
  $('#previous').addEventListener('click', () => turn(-1));
  $('#next').addEventListener('click', () => turn(1));
  $('#search').addEventListener('input', (event) => { state.q = event.target.value; state.page = 1; turn(0); });
  $('#add').addEventListener('submit', (event) => {
    event.preventDefault();
    const form = event.target;
    attempt($('button', form), async () => {
      await call('POST', '/api/items', fields(form));
      form.reset();
      form.elements.name.focus();
      await refresh();
    });
  });
  return refresh();
}

function row(item, refresh) {
  const line = $('#row').content.cloneNode(true);
  const path = `/api/items/${item.id}`;
  $('.name', line).textContent = item.name;
  $('.name', line).href = `/items/${item.id}`;
  $('small', line).textContent = item.note;
  $('output', line).textContent = item.quantity;
  for (const button of line.querySelectorAll('.step')) {
    const step = Number(button.dataset.step);
    button.setAttribute('aria-label', `${step > 0 ? 'One more' : 'One less'}: ${item.name}`);
    button.disabled = item.quantity + step < 0;
    button.addEventListener('click', () => attempt(button, async () => {
      await call('PATCH', path, { quantity: item.quantity + step });
      await refresh();
    }));
  }
  const remove = $('.remove', line);
  remove.setAttribute('aria-label', `Remove ${item.name}`);
  remove.addEventListener('click', () => attempt(remove, async () => {
    await call('DELETE', path);
    await refresh();
  }));
  return line;
}

async function itemPage(id) {
  const path = `/api/items/${id}`;
  const item = await call('GET', path);
  show('item', item.name);
  const form = $('form', main);
  const fill = (values) => {
    $('.title').textContent = values.name;
    for (const name of ['name', 'quantity', 'note']) form.elements[name].value = values[name];
    $('.when').textContent = `Changed ${new Date(values.updated_at).toLocaleString()}`;
  };
  fill(item);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    attempt($('button', form), async () => fill(await call('PATCH', path, fields(form))));
  });
}

async function route() {
  const item = /^\/items\/(\d+)$/.exec(location.pathname);
  try {
    if (item) await itemPage(item[1]);
    else if (location.pathname === '/') await listPage();
    else show('missing', 'Not found');
  } catch (error) {
    if (error.status === 404) show('missing', 'Not found');
    else toast(error.message);
  }
}

document.addEventListener('click', (event) => {
  const link = event.target.closest('a[data-route]');
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  history.pushState(null, '', link.href);
  route().then(() => main.focus());
});
addEventListener('popstate', route);

async function checkHealth() {
  const status = $('#status');
  const health = await call('GET', '/api/health').catch(() => null);
  status.className = `status ${health ? 'up' : 'down'}`;
  const text = health ? 'API online' : 'API offline';
  if (status.textContent !== text) status.textContent = text;
  if (health) $('#api-release').textContent = health.release;
}

route();
checkHealth();
setInterval(checkHealth, 15_000);
call('GET', '/version').then((version) => { $('#web-release').textContent = version.release; }).catch(() => {});
