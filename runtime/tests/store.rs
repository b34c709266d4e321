//! One suite of what a store must do, run on both.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail where it stands"
)]

mod conformance;

/// Makes a test of every case on every store.
macro_rules! suite {
    ($($topic:ident: $($case:ident),+ $(,)?;)+) => {
        mod sqlite {
            $($(#[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                let bed = crate::conformance::Bed::sqlite().await;
                crate::conformance::$topic::$case(&bed).await;
            })+)+
        }

        mod postgres {
            $($(#[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                let bed = crate::conformance::Bed::postgres(stringify!($case)).await;
                crate::conformance::$topic::$case(&bed).await;
            })+)+
        }
    };
}

suite! {
    facts:
        the_same_id_twice_is_one_fact,
        the_same_id_at_once_is_one_fact,
        facts_are_read_in_order_and_once,
        facts_live_in_their_subjects_shard,
        a_fact_that_names_nobody_is_refused,
        facts_are_kept_as_they_came,
        facts_for_other_shards_arrive_once,
        accepted_facts_outlive_the_process;
    identities:
        emails_are_compared_without_case,
        a_device_becomes_a_known_contact,
        two_known_contacts_stay_two,
        a_new_key_at_once_makes_one_entity,
        a_known_contact_at_once_merges_once,
        facts_for_a_merged_entity_are_handed_over,
        an_events_contact_is_looked_up,
        any_key_finds_the_entity;
    leases:
        nodes_share_the_shards,
        a_lost_node_is_replaced,
        an_old_lease_commits_nothing,
        a_batch_is_not_committed_twice,
        every_fact_is_worked_on_once,
        only_shards_with_work_are_pending,
        the_number_of_shards_is_fixed;
    runs:
        a_run_that_changed_meanwhile_conflicts,
        a_run_is_made_once,
        a_workflow_is_entered_once,
        a_batch_is_committed_whole_or_not_at_all,
        timers_ring_when_they_are_due,
        what_is_known_is_loaded,
        attributes_are_set_one_by_one,
        what_was_deleted_comes_back_empty,
        a_moved_run_goes_on_elsewhere,
        a_finished_run_has_an_end;
    effects:
        eight_dispatchers_claim_each_intent_once,
        actions_have_limits,
        what_is_not_due_is_not_claimed,
        an_accepted_effect_is_a_fact,
        a_retried_effect_waits,
        a_stale_settlement_is_ignored,
        a_lost_claim_is_taken_over,
        a_cancelled_intent_is_not_claimed,
        an_intent_is_cancelled_or_claimed,
        a_moved_runs_intent_is_cancelled,
        parked_effects_are_listed_and_tried_again,
        parked_effects_are_dropped,
        an_effect_has_one_key;
    drafts:
        a_draft_waits_for_its_person,
        what_has_failed_is_told;
    vetting:
        what_may_not_go_out_is_not_claimed,
        messages_that_went_out_are_counted,
        a_cap_holds_for_all_nodes_together;
    watching:
        alarms_ring_when_they_are_due,
        what_is_buried_is_kept_for_its_runs,
        referrers_are_found,
        a_key_of_once_is_renewed_as_expected,
        tallies_add_up_over_shards,
        what_was_accepted_is_seen_across_shards,
        a_deployment_says_how_it_is_filled_in;
    history:
        past_events_are_found_by_name,
        what_a_device_did_counts_for_its_contact;
    switches:
        what_is_paused_is_not_due,
        a_reference_by_keys_becomes_an_id,
        what_has_come_is_counted_and_shown;
    together:
        shards_are_read_together,
        shards_are_committed_together_or_not_at_all,
        outcomes_are_written_with_claims;
    fills:
        each_entity_is_filled_in_once,
        a_new_deployment_begins_anew,
        another_node_goes_on_where_it_was;
    people:
        deployments_are_counted,
        runs_are_listed_page_by_page,
        a_run_tells_its_story,
        the_timeline_is_followed,
        orders_are_facts,
        everything_is_counted;
}
