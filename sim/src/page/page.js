// Steps through the finding: one row is the current one, and beside it stands what the objects hold then.
'use strict';
const rows = [...document.querySelectorAll('.lanes tbody tr[data-step]')];
const panels = [...document.querySelectorAll('aside tbody')];
const number = row => Number(row.dataset.step);
let current = -1;

function show(index, scroll = true) {
  if (!rows.length) return;
  current = Math.min(Math.max(index, 0), rows.length - 1);
  const step = number(rows[current]);
  rows.forEach((row, i) => {
    i === current ? row.setAttribute('aria-current', 'step') : row.removeAttribute('aria-current');
    row.classList.toggle('later', i > current);
  });
  panels.forEach(panel => { panel.hidden = Number(panel.dataset.step) !== step; });
  document.getElementById('moment').textContent = step;
  const cell = rows[current].querySelector('td:not(:empty):not(.at)');
  document.getElementById('said').textContent =
      'Step ' + step + ' of ' + number(rows[rows.length - 1]) +
      (cell ? ': ' + cell.dataset.thread + ' ' + cell.textContent : '');
  document.querySelectorAll('svg path[data-to]').forEach(path => {
    path.classList.toggle('now', Number(path.dataset.to) === step);
  });
  history.replaceState(null, '', '#step=' + step);
  if (scroll) rows[current].scrollIntoView({block: 'nearest'});
}

/// From the cell of each step to those of other threads that come after it, or have read what it stored.
function draw() {
  const svg = document.querySelector('.lanes svg');
  const lanes = document.querySelector('.lanes');
  svg.querySelectorAll('path[data-to]').forEach(path => path.remove());
  svg.setAttribute('width', lanes.scrollWidth);
  svg.setAttribute('height', lanes.scrollHeight);
  const cells = new Map(rows.map(row => [number(row), row.querySelector('td:not(:empty):not(.at)')]));
  const place = cell => {
    const box = cell.getBoundingClientRect(), from = lanes.getBoundingClientRect();
    return {left: box.left - from.left + lanes.scrollLeft, right: box.right - from.left + lanes.scrollLeft,
            middle: (box.top + box.bottom) / 2 - from.top + lanes.scrollTop};
  };
  const numbers = text => (text || '').split(' ').filter(Boolean).map(Number);
  for (const row of rows) {
    const arrows = [...numbers(row.dataset.after).map(earlier => [earlier, '']),
                    ...numbers(row.dataset.from).map(earlier => [earlier, 'read'])];
    for (const [earlier, kind] of arrows) {
      if (!cells.get(earlier) || !cells.get(number(row))) continue;
      const a = place(cells.get(earlier)), b = place(cells.get(number(row)));
      const rightwards = a.left < b.left;
      const x = rightwards ? a.right - 6 : a.left + 6, u = rightwards ? b.left + 3 : b.right - 3;
      const bend = rightwards ? 24 : -24;
      const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
      path.setAttribute('d', `M${x},${a.middle} C${x + bend},${a.middle} ${u - bend},${b.middle} ${u},${b.middle}`);
      path.setAttribute('marker-end', 'url(#head)');
      path.dataset.to = number(row);
      if (kind) path.classList.add(kind);
      svg.append(path);
    }
  }
}

const moves = {
  ArrowDown: () => current + 1, ArrowRight: () => current + 1, ArrowUp: () => current - 1,
  ArrowLeft: () => current - 1, Home: () => 0, End: () => rows.length - 1,
};
document.addEventListener('keydown', event => {
  if (!moves[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  show(moves[event.key]());
});
document.querySelectorAll('nav button').forEach(button => {
  button.addEventListener('click', () => show(moves[button.dataset.key]()));
});
rows.forEach((row, index) => row.addEventListener('click', () => show(index, false)));
const wanted = () => {
  const step = Number((location.hash.match(/^#step=(\d+)$/) || [])[1]);
  const found = rows.findIndex(row => number(row) === step);
  return found < 0 ? 0 : found;
};
window.addEventListener('hashchange', () => { if (wanted() !== current) show(wanted()); });
window.addEventListener('resize', () => { draw(); show(current, false); });
draw();
show(wanted());
