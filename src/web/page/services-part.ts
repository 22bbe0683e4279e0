import { renderSpell } from '../../durations.ts';
import { keepList, make, makeIcon, type Part, setData, setIcon, setText } from './elements.ts';
import type { ServiceLine } from './words.ts';

/** The list of services, and the beads that show all of them at a glance. */
export function keepServices(list: HTMLElement, beads: HTMLElement): (lines: readonly ServiceLine[]) => void {
  const keyOf = ({ name }: ServiceLine) => name;
  const showLines = keepList<ServiceLine>(list, { keyOf, makePart: makeLinePart });
  const showBeads = keepList<ServiceLine>(beads, { keyOf, makePart: makeBead });
  return lines => {
    showLines(lines);
    showBeads(lines);
    beads.hidden = lines.length < 2;
    list.hidden = lines.length === 0;
  };
}

function makeLinePart(): Part<ServiceLine> {
  const icon = makeIcon('tone-wait');
  const name = make('h3', 'name');
  const description = make('p', 'description');
  const word = make('span', 'word');
  const time = make('span', 'time');
  const why = make('p', 'why');
  const element = make('li', 'service', icon, make('div', 'what', name, description, why));
  element.append(make('p', 'state', word, ' ', time));
  return {
    element,
    show(line) {
      setData(element, 'tone', line.tone);
      setIcon(icon, `tone-${line.tone}`);
      setText(name, line.name);
      setText(description, line.description);
      setText(word, line.word);
      setText(time, line.forMs === undefined ? '' : `for ${renderSpell(line.forMs)}`);
      setText(why, line.why.join('; '));
    },
  };
}

function makeBead(): Part<ServiceLine> {
  const element = make('span', 'bead');
  return { element, show: ({ tone }) => setData(element, 'tone', tone) };
}
