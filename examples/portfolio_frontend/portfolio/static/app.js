// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Fills the page from the API, each part by itself: one that fails leaves the others alone.

const $ = (selector, within = document) => within.querySelector(selector);

async function call(method, path, body) {
  const answer = await fetch(path, {
    method,
    headers: body && { 'Content-Type': 'application/json' },
    body: body && JSON.stringify(body),
  }).catch(() => { throw new Error('The server cannot be reached.'); });
  const content = await answer.json().catch(() => ({}));
  if (answer.ok) return content;
  const message = content.detail || content.title || `The server answered ${answer.status}.`;
  throw Object.assign(new Error(message), { errors: content.errors });
}

function copy(template) {
  return $(`#${template}`).content.firstElementChild.cloneNode(true);
}

function tags(list, names) {
  list.replaceChildren(...names.map((name) => Object.assign(document.createElement('li'), { textContent: name })));
}

function project({ name, description, technologies }) {
  const card = copy('project');
  $('h3', card).textContent = name;
  $('.description', card).textContent = description;
  tags($('.tags', card), technologies);
  return card;
}

function group([category, skills]) {
  const card = copy('group');
  $('h3', card).textContent = category || 'More';
  tags($('.tags', card), skills.map((skill) => skill.name));
  return card;
}

// They come sorted by category.
function grouped(skills) {
  const groups = new Map();
  for (const skill of skills) groups.set(skill.category, [...(groups.get(skill.category) ?? []), skill]);
  return [...groups].map(group);
}

async function fill(name, render) {
  const list = $(`[data-list="${name}"]`);
  try {
    list.replaceChildren(...render((await call('GET', `/api/${name}`))[name]));
  } catch {
    list.replaceChildren(failed(list, () => fill(name, render)));
  }
  list.setAttribute('aria-busy', 'false');
}

function failed(list, again) {
  const note = copy('failed');
  $('button', note).addEventListener('click', again);
  if (list.tagName !== 'UL') return note;
  const item = document.createElement('li');
  item.className = note.className;
  item.append(...note.childNodes);
  return item;
}

async function count() {
  const stats = await call('GET', '/api/stats').catch(() => ({}));
  for (const place of document.querySelectorAll('[data-stat]')) place.textContent = stats[place.dataset.stat] ?? '–';
}

function complain(form, errors) {
  for (const place of form.querySelectorAll('[data-error]')) {
    const message = errors[place.dataset.error] ?? '';
    place.textContent = message;
    form.elements[place.dataset.error].setAttribute('aria-invalid', String(Boolean(message)));
  }
  form.querySelector('[aria-invalid="true"]')?.focus();
}

function say(message, bad) {
  $('#outcome').textContent = message;
  $('#outcome').className = `outcome${bad ? ' bad' : ''}`;
}

$('#form').addEventListener('submit', async (event) => {
  event.preventDefault();
  const form = event.target;
  const button = $('button', form);
  // Pressed twice is meant once. The button keeps the focus, which a disabled one would lose.
  if (button.ariaDisabled === 'true') return;
  const fields = [...form.elements].filter((field) => field.name);
  const empty = fields.filter((field) => !field.checkValidity());
  say('');
  complain(form, Object.fromEntries(empty.map((field) => [field.name, field.validationMessage])));
  if (empty.length) return;
  button.ariaDisabled = 'true';
  try {
    const { message } = await call('POST', '/api/contact', Object.fromEntries(new FormData(form)));
    form.reset();
    say(message);
    count();
  } catch (error) {
    if (error.errors) complain(form, Object.fromEntries(error.errors.map(({ field, message }) => [field, `This ${message}.`])));
    else say(error.message, true);
  } finally {
    button.ariaDisabled = 'false';
  }
});

fill('projects', (projects) => projects.map(project));
fill('skills', grouped);
count();
