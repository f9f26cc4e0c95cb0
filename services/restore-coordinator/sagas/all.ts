import type { Saga } from '#libs/saga/define.ts';
import { backupSaga } from './backup.ts';
import { restoreSaga } from './restore.ts';

export const sagas: Readonly<Record<string, Saga>> = { backup: backupSaga, restore: restoreSaga };
