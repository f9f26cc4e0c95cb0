/* oxlint-disable no-console -- prints how many names it won, for the test that runs two of it */
import { HoldfastError } from '#libs/kernel/errors.ts';
import { diskStore } from './disk.ts';

const [folder = '', label = '', names = '0'] = process.argv.slice(2);
const store = diskStore(folder);
let won = 0;
for (let n = 0; n < Number(names); n += 1) {
  await store.put(`race/${n}`, Buffer.from(label), { createOnly: true }).then(
    () => (won += 1),
    (error: unknown) => {
      if (HoldfastError.from(error).code !== 'OBJECT_EXISTS') throw error;
    },
  );
}
console.log(won);
