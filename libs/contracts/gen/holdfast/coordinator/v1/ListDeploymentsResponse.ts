// Original file: holdfast/coordinator/v1/coordinator_service.proto

import type { Deployment as _holdfast_coordinator_v1_Deployment, Deployment__Output as _holdfast_coordinator_v1_Deployment__Output } from '../../../holdfast/coordinator/v1/Deployment.ts';

export interface ListDeploymentsResponse {
  'deployments'?: (_holdfast_coordinator_v1_Deployment)[];
}

export interface ListDeploymentsResponse__Output {
  'deployments': (_holdfast_coordinator_v1_Deployment__Output)[];
}
