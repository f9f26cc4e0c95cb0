import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseToc } from '#libs/postgres/toc.ts';
import { chooseStructure, readStructure, referencedTables } from './choose-structure.ts';

/** As `pg_restore --list --verbose` of PostgreSQL 18 has it, shortened. */
const LIST = `; Selected TOC Entries:
;
10; 2615 500 SCHEMA - TABLE app
20; 1247 501 TYPE public mood app
30; 1255 502 FUNCTION public one() app
40; 1259 503 TABLE public customer app
;	depends on: 30 20
50; 1259 504 SEQUENCE public customer_id_seq app
;	depends on: 40
60; 0 0 SEQUENCE OWNED BY public customer_id_seq app
;	depends on: 50
70; 1259 505 TABLE public invoice app
80; 1255 506 FUNCTION public invoices() app
;	depends on: 70
90; 1259 507 TABLE TABLE ATTACH app
;	depends on: 10
100; 1259 508 TABLE public event app
110; 1259 509 TABLE public event_new app
;	depends on: 100
120; 1259 510 TABLE public row_of app
;	depends on: 130
130; 1259 511 VIEW public rich app
;	depends on: 70 70
140; 0 0 TABLE ATTACH public event_new app
;	depends on: 110 100
150; 2604 512 DEFAULT public customer id app
;	depends on: 40 50 40
160; 2604 513 DEFAULT public invoice number app
;	depends on: 50 70
200; 2606 520 CONSTRAINT public customer customer_pkey app
;	depends on: 40
210; 2606 521 CONSTRAINT public invoice invoice_pkey app
;	depends on: 70
220; 2606 522 CONSTRAINT public event event_pkey app
;	depends on: 100 100
230; 2606 523 CONSTRAINT public event_new event_new_pkey app
;	depends on: 110 220 110
240; 0 0 INDEX ATTACH public event_new_pkey app
;	depends on: 230 220 110 220 110 100
250; 2620 524 TRIGGER public invoice noting app
;	depends on: 80 70
260; 2606 525 FK CONSTRAINT public invoice invoice_customer_fkey app
;	depends on: 200 40 70
270; 2606 526 FK CONSTRAINT public invoice invoice_replaces_fkey app
;	depends on: 70 210 70
280; 2606 527 FK CONSTRAINT public event event_invoice_fkey app
;	depends on: 210 70 100
290; 0 505 ROW SECURITY public invoice app
;	depends on: 70
300; 3256 528 POLICY public invoice most app
;	depends on: 70
305; 2606 530 FK CONSTRAINT public event event_place_fkey app
;	depends on: 9001 100 9000
310; 3466 529 EVENT TRIGGER - watching app
`;
const structure = readStructure(parseToc(LIST));
const ALWAYS = [10, 20, 30];
const CUSTOMER = [40, 50, 60, 150, 200];
const chosenOf = (...wanted: number[]) => {
  const { entries, tables, leftOut } = chooseStructure(structure, wanted);
  return {
    entries: [...entries].toSorted((a, b) => a - b),
    tables: [...tables].toSorted((a, b) => a - b),
    leftOut: leftOut.map(({ dumpId }) => dumpId),
    referenced: referencedTables(structure, tables).toSorted((a, b) => a - b),
  };
};

test('a table brings its sequence, default and key; what leads elsewhere or acts by itself stays, by name', () => {
  assert.deepEqual(chosenOf(40), {
    entries: [...ALWAYS, ...CUSTOMER],
    tables: [40],
    leftOut: [],
    referenced: [],
  });
  assert.deepEqual(chosenOf(70), {
    entries: [...ALWAYS, 70, 80, 210, 270, 290].toSorted((a, b) => a - b),
    tables: [70],
    // Its default counts with another table's sequence.
    leftOut: [160, 250, 260, 300],
    referenced: [40],
  });
});

test('both ends of a foreign key: it is there', () => {
  const { entries, leftOut } = chosenOf(40, 70);
  assert.ok([160, 260, 270].every((id) => entries.includes(id)));
  assert.deepEqual(leftOut, [250, 300]);
});

test('a partition can be alone, and keeps its own key; the whole brings all of them', () => {
  assert.deepEqual(chosenOf(110), {
    entries: [...ALWAYS, 110, 230],
    tables: [110],
    leftOut: [140],
    referenced: [40, 70, 100],
  });
  assert.deepEqual(chosenOf(100), {
    // Also its key to a table that an extension brings, which is not in the list.
    entries: [...ALWAYS, 100, 110, 140, 220, 230, 240, 305],
    tables: [100, 110],
    leftOut: [280],
    referenced: [40, 70],
  });
});

test('what a table is made of comes along, whatever it is; no name is taken for a kind', () => {
  const { entries, tables } = chosenOf(120);
  assert.deepEqual(tables, [70, 120]);
  assert.ok(entries.includes(130));
  assert.deepEqual(chosenOf(90).tables, [90]);
});
