"""Invented posts in which the writer says it outright: intent, plan, means, attempt, goodbye. None may lose its flag."""

from __future__ import annotations

EXPLICIT = (
    # intent
    "I am going to kill myself.",
    "I want to kill myself and I can't tell anybody at home.",
    "im gonna kill myself i mean it this time",
    "I have decided to end my life.",
    "I'm ending it tonight when everyone is asleep.",
    "I want to die. I don't want to do this anymore, I just want to be dead.",
    "I am suicidal and I am scared of what I might do.",
    "I've been suicidal for weeks now and it's getting worse every night",
    "I really want to commit suicide.",
    "I keep thinking about killing myself, every hour of the day.",
    "Thoughts of suicide don't leave me alone, not even at work.",
    "I would rather kill myself than go back to that house.",
    "If she leaves me I will kill myself.",
    "I'm going to take my own life, I have thought about it long enough.",
    "I don't want to live anymore. I want to end it all.",
    # plan
    "I have a plan to kill myself on Friday after my shift.",
    "I know how I am going to do it and when. I will kill myself this weekend.",
    "I've set a date to end my life.",
    "I wrote my suicide note yesterday and hid it in my desk.",
    "My suicide note is finished, Emma will find it.",
    # means
    "I have a gun in my drawer and I want to use it on myself.",
    "There is a bottle of pills next to me and I want to take all of them and die.",
    "I'm standing on the bridge and I want to jump.",
    "The rope is ready. I am going to hang myself.",
    "I'm going to jump in front of a train.",
    "I want to slit my wrists in the bath.",
    "I'm going to overdose on my sleeping pills tonight.",
    "I am thinking of shooting myself with my dad's gun.",
    # attempt
    "I tried to kill myself last night and nobody noticed.",
    "I just took all my pills, I don't want to wake up.",
    "I attempted suicide three days ago and I feel like trying again.",
    "I tried to hang myself yesterday but the hook broke.",
    # goodbye
    "This is my goodbye. By tomorrow I will be dead.",
    "Goodbye everyone, I am going to end my life now.",
    "I've said goodbye to James and the kids, I'm killing myself tonight.",
    # self-harm, now
    "I cut myself again tonight and I can't stop.",
    "I want to hurt myself so badly right now.",
    # said sideways, but said
    "i just wanna kms, no joke",
    "thinking about unaliving myself again, for real",
    "I don't want to be alive. I want to kill myself, Priya is the only one who knows.",
)
