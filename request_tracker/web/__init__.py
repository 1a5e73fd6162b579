"""What people see and press: the list of blueprints."""

from flask import Blueprint

from request_tracker.web.absences import absences
from request_tracker.web.accounts_admin import accounts_admin
from request_tracker.web.admin import admin
from request_tracker.web.administration import administration
from request_tracker.web.alias_files import alias_files
from request_tracker.web.auditing import auditing
from request_tracker.web.board import board
from request_tracker.web.builds import builds
from request_tracker.web.bulk import bulk
from request_tracker.web.calendars import calendars
from request_tracker.web.case import case
from request_tracker.web.case_clone import same_setup
from request_tracker.web.case_completeness import completeness
from request_tracker.web.case_documents import documents
from request_tracker.web.case_project import project
from request_tracker.web.case_proposal import proposal
from request_tracker.web.case_tables import tables
from request_tracker.web.case_trials import trials
from request_tracker.web.catalogue import catalogue
from request_tracker.web.clocks_admin import clocks_admin
from request_tracker.web.connect import connect
from request_tracker.web.days_off import days_off
from request_tracker.web.duplicates import duplicates
from request_tracker.web.fivetran_admin import fivetran_admin
from request_tracker.web.forecasts import forecasts
from request_tracker.web.groups_admin import groups_admin
from request_tracker.web.hard import hard
from request_tracker.web.home import home
from request_tracker.web.hooks import hooks
from request_tracker.web.intake import intake
from request_tracker.web.knowledge import knowledge
from request_tracker.web.letter_settings import letter_settings
from request_tracker.web.letters_admin import letters_admin
from request_tracker.web.mailbox import mailbox
from request_tracker.web.meetings import meetings
from request_tracker.web.merging import merging
from request_tracker.web.notices import notices
from request_tracker.web.offers import offers
from request_tracker.web.overview import overview_pages
from request_tracker.web.own import own
from request_tracker.web.people_admin import people_admin
from request_tracker.web.phases import phases
from request_tracker.web.policies import policies
from request_tracker.web.provisioning import provisioning
from request_tracker.web.queue import queue
from request_tracker.web.report_shares import report_shares
from request_tracker.web.report_subscriptions import report_subscriptions
from request_tracker.web.reports import reports
from request_tracker.web.request_clocks import promises
from request_tracker.web.requests import requests
from request_tracker.web.retention import retention
from request_tracker.web.roles import roles
from request_tracker.web.search import search
from request_tracker.web.signin import signin
from request_tracker.web.targets import targets
from request_tracker.web.templates_admin import templates_admin
from request_tracker.web.unsubscribe import unsubscribe
from request_tracker.web.views import views
from request_tracker.web.webhooks import webhooks
from request_tracker.web.webhooks_admin import webhooks_admin

BLUEPRINTS: tuple[Blueprint, ...] = (
    home, board, signin, intake, requests, queue, case, merging, reports, forecasts, mailbox, admin, catalogue, connect,
    webhooks, duplicates, knowledge, alias_files, offers, policies, own, letter_settings, unsubscribe,
    report_subscriptions, report_shares, calendars, days_off, targets, tables, completeness, roles,
    letters_admin, notices, webhooks_admin, hooks, groups_admin,
    builds, overview_pages, phases, hard, views, bulk,
    clocks_admin, promises, fivetran_admin, provisioning, same_setup, documents, proposal, project,
    trials, search,
    absences, templates_admin,
    administration, people_admin, accounts_admin, retention, auditing,
    meetings,
)  # fmt: skip
UNSIGNED: tuple[Blueprint, ...] = (webhooks, unsubscribe, report_shares)
"""Blueprints whose posts carry a signature of their own instead of a form token."""
