// Original file: holdfast/coordinator/v1/coordinator_service.proto

import type { PruneChoice as _holdfast_coordinator_v1_PruneChoice, PruneChoice__Output as _holdfast_coordinator_v1_PruneChoice__Output } from '../../../holdfast/coordinator/v1/PruneChoice.ts';

export interface PrunePlan {
  'deployment'?: (string);
  'choices'?: (_holdfast_coordinator_v1_PruneChoice)[];
}

export interface PrunePlan__Output {
  'deployment': (string);
  'choices': (_holdfast_coordinator_v1_PruneChoice__Output)[];
}
