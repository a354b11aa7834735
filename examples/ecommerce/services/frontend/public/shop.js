// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// The shop: `/` shows the products, `/basket` what is to be ordered, `/account` the way in and then what was ordered.
// Paths of the API end with a slash, for the load balancer's rule `/api/products/*` does not match `/api/products`.

const $ = (selector, within = document) => within.querySelector(selector);
const main = $('#main');
const money = (cents) => new Intl.NumberFormat(undefined, { style: 'currency', currency: 'USD' }).format(cents / 100);
const when = (text) => new Date(text).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });

// The session ends with the tab; the basket does not.
const session = {
  get: () => JSON.parse(sessionStorage.getItem('session') ?? 'null'),
  set(value) {
    if (value) sessionStorage.setItem('session', JSON.stringify(value));
    else sessionStorage.removeItem('session');
    $('#account').textContent = value ? value.user.name : 'Sign in';
  },
};
const basket = {
  lines: () => JSON.parse(localStorage.getItem('basket') ?? '[]'),
  put(product, quantity) {
    const rest = basket.lines().filter((line) => line.id !== product.id);
    const line = { id: product.id, name: product.name, price_cents: product.price_cents, quantity };
    basket.keep(quantity > 0 ? [...rest, line] : rest);
  },
  keep(lines) {
    localStorage.setItem('basket', JSON.stringify(lines.sort((one, other) => one.name.localeCompare(other.name))));
    $('#count').textContent = lines.reduce((sum, line) => sum + line.quantity, 0);
  },
};

async function call(method, path, body, headers = {}) {
  const answer = await fetch(path, {
    method,
    headers: {
      ...(body && { 'Content-Type': 'application/json' }),
      ...(session.get() && { Authorization: `Bearer ${session.get().token}` }),
      ...headers,
    },
    body: body && JSON.stringify(body),
  }).catch(() => { throw new Error('The shop cannot be reached.'); });
  const content = await answer.json().catch(() => ({}));
  if (answer.ok) return content;
  if (answer.status === 401 && session.get()) session.set(null);
  const message = content.detail || content.reason || content.title || `The shop answered ${answer.status}.`;
  throw Object.assign(new Error(message), { status: answer.status });
}

let hiding;
function toast(message) {
  $('#toast').textContent = message;
  clearTimeout(hiding);
  hiding = setTimeout(() => { $('#toast').textContent = ''; }, 5000);
}

// Runs what a person asked for, once at a time. The control keeps the focus, which a disabled one would lose.
async function attempt(control, action, tell = toast) {
  if (control.ariaBusy === 'true') return;
  control.ariaBusy = 'true';
  try {
    await action();
  } catch (error) {
    tell(error.message);
  } finally {
    control.ariaBusy = 'false';
  }
}

function show(template, title) {
  document.title = title ? `${title} · Alder & Co.` : 'Alder & Co.';
  main.replaceChildren($(`#${template}`).content.cloneNode(true));
}

function copy(template) {
  return $(`#${template}`).content.firstElementChild.cloneNode(true);
}

async function shopPage() {
  show('shop');
  let asked = 0;
  async function list(category) {
    const question = ++asked;
    for (const button of $('#categories').children) button.ariaPressed = String(button.value === category);
    const { products } = await call('GET', `/api/products/?${new URLSearchParams(category && { category })}`);
    // Answers may overtake one another, and the page may have been left meanwhile.
    if (question !== asked || !$('#products')) return;
    $('#products').replaceChildren(...products.map(card));
    $('#products').ariaBusy = 'false';
  }
  const { categories } = await call('GET', '/api/categories/');
  if (!$('#categories')) return;
  for (const { slug, name } of [{ slug: '', name: 'Everything' }, ...categories]) {
    const button = Object.assign(document.createElement('button'), { className: 'quiet', value: slug, textContent: name });
    button.addEventListener('click', () => attempt(button, () => list(slug)));
    $('#categories').append(button);
  }
  await list('');
}

function card(product) {
  const item = copy('product');
  $('.picture', item).textContent = product.name[0];
  $('h2', item).textContent = product.name;
  $('.description', item).textContent = product.description;
  $('.price', item).textContent = money(product.price_cents);
  $('.stock', item).textContent = product.stock > 5 ? 'In stock' : product.stock ? `Only ${product.stock} left` : 'Sold out';
  const button = $('button', item);
  button.disabled = product.stock === 0;
  button.setAttribute('aria-label', `Add to basket: ${product.name}`);
  button.addEventListener('click', () => {
    const there = basket.lines().find((line) => line.id === product.id)?.quantity ?? 0;
    basket.put(product, Math.min(there + 1, 99));
    toast(`${product.name} is in your basket.`);
  });
  return item;
}

function basketPage() {
  show('basket', 'Basket');
  const form = $('form', main);
  const total = () => {
    const lines = basket.lines();
    $('#total').textContent = money(lines.reduce((sum, line) => sum + line.price_cents * line.quantity, 0));
    form.hidden = lines.length === 0;
    $('.empty').hidden = lines.length > 0;
  };
  for (const line of basket.lines()) $('#lines').append(basketLine(line, total));
  total();
  // The same for every try of this order: whatever happens on the way, it is made and paid once.
  let key = newKey();
  form.addEventListener('change', () => { key = newKey(); });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (!session.get()) {
      toast('Please sign in first. Your basket stays as it is.');
      go('/account');
      return;
    }
    attempt($('button', form), async () => {
      const items = basket.lines().map((line) => ({ product_id: line.id, quantity: line.quantity }));
      const method = new FormData(form).get('payment_method');
      const order = await call('POST', '/api/orders/', { items, payment_method: method }, { 'Idempotency-Key': key })
        .catch((error) => {
          // It came to an end, if not to a good one: another try is another order.
          if (error.status === 402 || error.status === 409) key = newKey();
          throw error;
        });
      basket.keep([]);
      await go('/account');
      toast(`Thank you. You paid ${money(order.total_cents)}.`);
    });
  });
}

// Not `crypto.randomUUID`: browsers have that on HTTPS only.
function newKey() {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join('-');
}

function basketLine(line, changed) {
  const row = copy('line');
  const input = $('input', row);
  const sum = () => { $('.sum', row).textContent = money(line.price_cents * line.quantity); };
  $('th', row).textContent = line.name;
  input.value = line.quantity;
  input.setAttribute('aria-label', `Quantity: ${line.name}`);
  input.addEventListener('change', () => {
    line.quantity = Math.min(Math.max(Math.trunc(Number(input.value)) || 0, 0), 99);
    input.value = line.quantity;
    basket.put(line, line.quantity);
    sum();
    changed();
  });
  sum();
  return row;
}

async function accountPage() {
  if (session.get()) {
    try {
      await dashboard();
      return;
    } catch (error) {
      // A token that has expired is no reason to complain.
      if (error.status !== 401) throw error;
    }
  }
  show('sign', 'Sign in');
  for (const form of main.querySelectorAll('form')) {
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const say = (message) => { $('.error', form).textContent = message; };
      say('');
      attempt($('button', form), async () => {
        session.set(await call('POST', form.dataset.path, Object.fromEntries(new FormData(form))));
        await go(basket.lines().length ? '/basket' : '/account');
      }, say);
    });
  }
}

async function dashboard() {
  const [{ orders }, { notifications }] = await Promise.all([call('GET', '/api/orders/'), call('GET', '/api/notifications/')]);
  show('dashboard', 'Your account');
  $('h1', main).textContent = `Hello, ${session.get().user.name}`;
  $('#orders').replaceChildren(...orders.map((order) => {
    const names = order.items.map((item) => `${item.quantity} × ${item.name}`).join(', ');
    return entry(`${money(order.total_cents)} · ${order.status}`, names || order.reason, order.created_at, order.status);
  }));
  $('#news').replaceChildren(...notifications.map((each) => entry(each.subject, each.message, each.created_at)));
  if (!orders.length) $('#orders').append(entry('No orders yet', 'What you order is listed here.'));
  if (!notifications.length) $('#news').append(entry('No messages yet', 'You hear from us when something happens.'));
  $('#out').addEventListener('click', () => { session.set(null); go('/'); });
}

function entry(title, text, moment, kind = '') {
  const item = copy('entry');
  item.className = kind;
  $('strong', item).textContent = title;
  $('span', item).textContent = text;
  if (moment) Object.assign($('time', item), { textContent: when(moment), dateTime: moment });
  return item;
}

const PAGES = { '/': shopPage, '/basket': basketPage, '/account': accountPage };

async function route() {
  for (const link of document.querySelectorAll('nav a')) {
    link.ariaCurrent = link.pathname === location.pathname ? 'page' : null;
  }
  try {
    await (PAGES[location.pathname] ?? (() => show('missing', 'Not found')))();
  } catch (error) {
    toast(error.message);
  }
}

async function go(path) {
  history.pushState(null, '', path);
  await route();
  main.focus();
}

document.addEventListener('click', (event) => {
  const link = event.target.closest('a[data-route]');
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  go(link.pathname);
});
addEventListener('popstate', route);

session.set(session.get());
basket.keep(basket.lines());
route();
call('GET', '/version').then((version) => { $('#release').textContent = version.release; }).catch(() => {});
